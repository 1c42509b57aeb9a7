//! The public API: what comes in is parsed here, once; what goes out is written here.
//!
//! [`api`] lists the routes; [`order_body`] turns bodies into orders; [`idempotency`] reads the key; [`place`] hands
//! orders to [`crate::intake`]; [`feed`] is for metrics-service alone; [`read`] answers from [`crate::orders`] and [`crate::queue`]; [`schema`] and
//! [`refusals`] are what the OpenAPI document says of bodies and problems.

mod answers;
mod api;
pub(crate) mod feed;
mod idempotency;
mod order_body;
mod place;
mod read;
mod refusals;
mod schema;
mod state;

use poem_openapi::OpenApiService;

use self::api::Api;
pub(crate) use self::state::State;

/// The API over its state.
pub(crate) fn service(state: State) -> OpenApiService<impl poem_openapi::OpenApi, ()> {
    described(Api::new(state))
}

/// The OpenAPI document, which needs no state.
pub fn document() -> String {
    described(Api::undocked()).spec()
}

fn described(api: Api) -> OpenApiService<Api, ()> {
    OpenApiService::new(api, "Orderflow order-api", env!("CARGO_PKG_VERSION"))
        .summary("Accept orders now, process them reliably later")
        .description(
            "An order is durable when it is answered, and is processed in the background. Every path works with and \
             without a trailing slash. Every refusal is an RFC 9457 problem with a stable `code`. Money is an exact \
             decimal: read it without a float.",
        )
        .server("/")
}
