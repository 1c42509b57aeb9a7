//! The messages that a row of the outbox becomes: the command for a worker, and the event for all others.

use contract::{Command, CompensateOrder, Event, ProcessOrder, Step, Timestamp, command::FIRST_VERSION};
use sea_orm::DbErr;
use streams::Publication;

use super::{kind::Kind, pending::Pending};
use crate::{SOURCE, orders};

/// What is published for a row.
pub(super) fn publication(row: &Pending) -> Result<Publication, DbErr> {
    let order = &row.order;
    let (order_id, content) = (orders::order_id(order), orders::content(order)?);
    let placed_at = Timestamp::from_micros(order.placed_at);
    let (version, life) = (row.version.unsigned_abs(), order.life.unsigned_abs());
    let (attempt, traceparent) = (row.attempt.unsigned_abs(), row.traceparent.clone());
    // Nothing was heard of this life of the order: that it was placed may be news, or be dropped by its version.
    let is_placed = row.kind != Kind::Compensate && version == life;
    let time = if is_placed { Timestamp::from_micros(order.updated_at) } else { placed_at };
    let event = is_placed.then(|| {
        Event::placed(SOURCE, order_id, time, traceparent.clone(), version, content.clone()).to_fields()
    });
    let command = match row.kind {
        Kind::Place | Kind::Process => {
            let data = ProcessOrder { version, attempt, placed_at, life, order: content };
            Command::process(SOURCE, order_id, time, traceparent, data)
        }
        Kind::Compensate => {
            let steps = steps(row.steps.as_deref())?;
            let data = CompensateOrder { version, attempt, placed_at, life, steps, order: content };
            Command::compensate(SOURCE, order_id, time, traceparent, data)
        }
    };
    // What the follower leaves out, too.
    let known = event.is_none() || version == FIRST_VERSION;
    Ok(Publication { seq: row.seq, order: order_id, command: command.to_fields(), event, known })
}

/// What is to be undone: what is known to be, or everything, in reverse order.
fn steps(stored: Option<&str>) -> Result<Vec<Step>, DbErr> {
    match stored {
        None => Ok(Step::ALL.into_iter().rev().collect()),
        Some(json) => serde_json::from_str(json)
            .map_err(|error| DbErr::Type(format!("the steps of an outbox row can't be read: {error}"))),
    }
}
