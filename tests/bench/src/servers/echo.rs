//! Says back what it was told: parsing, the framework's checks, routing, writing, and nothing else.

use poem_openapi::{OpenApi, payload::Json};

use super::{Order, Placed};

pub(super) struct Echo;

#[OpenApi]
impl Echo {
    #[oai(path = "/orders", method = "post")]
    async fn place(&self, order: Json<Order>) -> Placed {
        Placed::Created(order)
    }
}
