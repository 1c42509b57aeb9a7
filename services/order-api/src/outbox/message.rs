//! The two messages that announce an order: the command for a worker and the event for all others.

use contract::{Command, Event, ProcessOrder, Timestamp};
use sea_orm::DbErr;
use streams::Publication;

use super::pending::Pending;
use crate::{SOURCE, orders};

/// What is published for a row.
pub(super) fn publication((row, order): Pending) -> Result<Publication, DbErr> {
    let (order_id, content) = (orders::order_id(&order), orders::content(&order)?);
    let placed_at = Timestamp::from_micros(order.placed_at);
    let version = row.version.unsigned_abs();
    let command =
        ProcessOrder { version, attempt: row.attempt.unsigned_abs(), placed_at, order: content.clone() };
    let command = Command::process(SOURCE, order_id, placed_at, row.traceparent.clone(), command);
    let event = Event::placed(SOURCE, order_id, placed_at, row.traceparent, version, content);
    Ok(Publication { seq: row.seq, command: command.to_fields(), event: event.to_fields() })
}
