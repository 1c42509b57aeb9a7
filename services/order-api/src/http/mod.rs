//! The public API: what comes in is parsed here, once; what goes out is written here.
//!
//! `api` lists the routes; `order_body` turns bodies into orders; `idempotency` reads the key; `place` hands
//! orders to `intake`; `read` answers from `orders` and `queue`, `live` tells of an order as it happens; `feed` is for
//! metrics-service alone.
//!
//! `operations` lists the routes by which people step in: `decide` cancels and retries an order, `retry_many` retries
//! many; `dead_letters` shows, redrives and deletes, `redrive_many` redrives many.
//!
//! `schema`, `operation_schema` and `refusals` are what the OpenAPI document says of bodies and problems.

mod answers;
mod api;
mod dead_letter_id;
mod dead_letters;
mod decide;
pub(crate) mod feed;
mod fields;
mod idempotency;
mod live;
mod operation_schema;
mod operations;
mod order_body;
mod place;
mod problems;
mod read;
mod redrive_many;
mod refusals;
mod retry_many;
mod schema;
mod state;
mod webhook_schema;
mod webhooks;

use std::sync::Arc;

use poem_openapi::OpenApiService;

use self::{api::Api, operations::Operations};
pub(crate) use self::{live::Streams, state::State};

/// The API over its state.
pub(crate) fn service(state: State) -> OpenApiService<impl poem_openapi::OpenApi, ()> {
    described(Some(Arc::new(state)))
}

/// The OpenAPI document, which needs no state.
pub fn document() -> String {
    runtime::http::document(&described(None))
}

fn described(state: Option<Arc<State>>) -> OpenApiService<(Api, Operations), ()> {
    let api = (Api::new(state.clone()), Operations::new(state));
    OpenApiService::new(api, "Orderflow order-api", env!("CARGO_PKG_VERSION"))
        .summary("Accept orders now, process them reliably later")
        .description(
            "An order is durable when it is answered, and is processed in the background. Every path works with and \
             without a trailing slash. Every refusal is an RFC 9457 problem with a stable `code`. Money is an exact \
             decimal: read it without a float.",
        )
        .server("/")
}
