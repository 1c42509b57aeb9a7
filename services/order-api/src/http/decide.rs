//! What a person decides about an order: it is taken back, or it is tried once more.
//!
//! Redis decides whether a worker was faster than a cancellation, and the database keeps it before the client is told: so
//! the answer stays true even if Redis forgets. A crash in between leaves the event in the stream, from where it is applied.

use std::time::Duration;

use contract::{OrderId, Status, command::process_id};
use runtime::{
    http::{JsonAnswer, Problem},
    trace_context::current_traceparent,
};
use sea_orm::DbErr;
use streams::cancel::{Cancellation, Cancelled, cancel};
use tokio::time::Instant;

use super::{
    problems::{order_not_found, parse_id, redis_unavailable},
    schema,
    state::State,
};
use crate::{
    entities::order,
    events::{Told, apply, cancelled_event, settle},
    intake::{Again, Outcome, Wish},
    orders::{self, OrderView},
    storage,
};

/// An order that has no message gets one, or its end is heard of, in a moment: so long it is asked for again.
const PATIENCE: Duration = Duration::from_secs(1);
const ASK_AGAIN: Duration = Duration::from_millis(20);

impl State {
    /// Cancels the order unless a worker was given it.
    pub(super) async fn cancel(&self, order_id: &str) -> Result<JsonAnswer<schema::Order>, Problem> {
        let order_id = parse_id(order_id)?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let order = orders::find(&self.database.reader, order_id).await;
            let order = order.map_err(|error| storage::unavailable(&error))?.ok_or_else(order_not_found)?;
            if is_cancelled(&order)? {
                return view(order);
            }
            let mut event = cancelled_event(order_id, order.version, order.placed_at, &self.clock);
            event.envelope.traceparent = current_traceparent();
            let command = process_id(order_id, order.life.unsigned_abs());
            let expected = self.marks.expected(self.redis.keys().partition_of(order_id), false);
            let (command, expected) = (command.as_str(), expected.as_ref());
            let fields = &event.to_fields();
            let cancellation = Cancellation { order: order_id, command, expected, event: fields };
            let cancelled = cancel(&self.redis, &cancellation).await;
            match cancelled.map_err(|error| redis_unavailable(&error))? {
                Cancelled::Now | Cancelled::Before => {
                    let json = event.data.to_json();
                    let applied =
                        apply(&self.database, &self.hooks, &[Told { event: &event, json: &json }]).await;
                    let applied = applied.map_err(|error| not_stored(&error))?;
                    self.waiters.wake(applied.changed());
                    settle(&self.intake, applied.owed).await.map_err(|_| storage::cannot_store())?;
                }
                Cancelled::Taken => return Err(already_started()),
                Cancelled::Lost | Cancelled::Absent => tokio::time::sleep(ASK_AGAIN).await,
            }
            // The order as it is now says what is so.
            if Instant::now() >= deadline {
                return Err(self.no_message(order_id).await);
            }
        }
    }

    /// Lets a failed order be tried once more.
    pub(super) async fn retry(&self, order_id: &str) -> Result<JsonAnswer<schema::Order>, Problem> {
        let order_id = parse_id(order_id)?;
        let wish = Wish::Retry { now: self.clock.now() };
        let again = Again { order_id, wish, traceparent: current_traceparent() };
        let outcomes = self.intake.again(vec![again]).await.map_err(|_| storage::cannot_store())?;
        match outcomes.into_iter().next() {
            Some(Outcome::Done(order)) => view(order),
            Some(Outcome::Not(order)) => Err(not_retried(&order)),
            Some(Outcome::Unknown) | None => Err(order_not_found()),
        }
    }

    /// Why Redis knows nothing of an order that is pending here.
    async fn no_message(&self, order_id: OrderId) -> Problem {
        match self.backlog.of(&self.database.reader, &[order_id.as_uuid()]).await {
            Err(error) => storage::unavailable(&error),
            Ok(waiting) if !waiting.is_empty() => Problem::unavailable(
                "not_published",
                "the order has not been handed to the workers yet, so that it can't be taken back from them; try again shortly",
            ),
            Ok(_) => Problem::unavailable(
                "message_lost",
                "the order's message is lost and is being published again; try again shortly",
            ),
        }
    }
}

/// Whether it is cancelled already.
///
/// # Errors
/// It can't be cancelled any more.
fn is_cancelled(order: &order::Model) -> Result<bool, Problem> {
    let status = orders::status(order).map_err(|error| Problem::internal_from(&error))?;
    match status {
        Status::Cancelled => Ok(true),
        // Nothing was heard of it in its present life.
        Status::Pending if order.attempts == 0 && order.version == order.life => Ok(false),
        Status::Pending | Status::Processing => Err(already_started()),
        Status::Completed => Err(Problem::conflict("already_completed", "the order is completed")),
        Status::Failed => Err(Problem::conflict("already_failed", "the order has failed")),
    }
}

fn already_started() -> Problem {
    Problem::conflict("already_started", "a worker has begun with the order")
}

fn not_retried(order: &order::Model) -> Problem {
    match orders::status(order) {
        Ok(Status::Failed) if order.compensating => Problem::conflict(
            "compensating",
            "what was done for the order is being undone; try again shortly",
        ),
        // Something of it waits to be published: that can't be for long.
        Ok(Status::Failed) => {
            Problem::unavailable("not_published", "the order is being published; try again shortly")
        }
        Ok(status) => Problem::conflict(
            "not_failed",
            format!("only a failed order can be retried; this one is {status}"),
        ),
        Err(error) => Problem::internal_from(&error),
    }
}

fn not_stored(error: &DbErr) -> Problem {
    tracing::warn!(%error, "a cancellation can't be stored; its event will be applied");
    storage::cannot_store()
}

fn view(order: order::Model) -> Result<JsonAnswer<schema::Order>, Problem> {
    let view = OrderView::of(order).map_err(|error| Problem::internal_from(&error))?;
    Ok(JsonAnswer::of(&view))
}
