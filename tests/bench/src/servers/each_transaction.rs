//! What most services do: one transaction for each request. It waits for the disk each time.

use poem_openapi::{OpenApi, payload::Json};
use runtime::db::Database;

use super::{Order, Placed, rows};

pub(super) struct EachTransaction {
    database: Database,
}

impl EachTransaction {
    pub(super) async fn open(url: &str) -> anyhow::Result<Self> {
        Ok(Self { database: rows::open(url).await? })
    }
}

#[OpenApi]
impl EachTransaction {
    #[oai(path = "/orders", method = "post")]
    async fn place(&self, order: Json<Order>) -> poem::Result<Placed> {
        let items = serde_json::to_string(&order.item_ids).map_err(poem::error::InternalServerError)?;
        let rows = [rows::new_order(order.user_id.clone(), items)];
        rows::write(&self.database, &rows).await.map_err(poem::error::InternalServerError)?;
        Ok(Placed::Created(order))
    }
}
