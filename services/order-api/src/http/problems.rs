//! Problems that several routes have in common.

use contract::OrderId;
use runtime::http::Problem;
use streams::StreamError;

/// What has no form of an order id is the id of no order.
pub(super) fn parse_id(order_id: &str) -> Result<OrderId, Problem> {
    order_id.parse().map_err(|_| order_not_found())
}

pub(super) fn order_not_found() -> Problem {
    Problem::not_found("order_not_found", "there is no such order")
}

pub(super) fn redis_unavailable(error: &StreamError) -> Problem {
    tracing::warn!(%error, "Redis can't be asked");
    Problem::unavailable(
        "redis_unavailable",
        "the queue can't be reached now; try again shortly. Orders are accepted all the same",
    )
}
