//! `order.cancelled`, the one event that this service reports after an order was placed.

use contract::{Event, EventData, OrderId, Timestamp, event::OrderCancelled};
use runtime::clock::Clock;

use crate::SOURCE;

/// The event that ends an order which no worker has had; `version` is the order's own.
pub(crate) fn cancelled_event(order_id: OrderId, version: i32, placed_at: i64, clock: &Clock) -> Event {
    let version = version.unsigned_abs().saturating_add(1);
    let data = OrderCancelled { version, placed_at: Timestamp::from_micros(placed_at) };
    Event::new(SOURCE, order_id, clock.now(), None, EventData::Cancelled(data))
}
