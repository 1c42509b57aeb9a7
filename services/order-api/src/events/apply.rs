//! One batch of events, applied in one transaction.

use std::collections::HashMap;

use contract::{Event, EventData, EventKind, OrderId, Status, Step, Timestamp, command::FIRST_VERSION};
use runtime::db::{Database, rows::Batch};
use sea_orm::{DatabaseTransaction, DbErr};
use uuid::Uuid;

use super::{
    state::{self, State},
    update,
};
use crate::{
    intake::{Again, Wish},
    outbox,
    webhooks::Hooks,
};

/// One event, and its data as it came, which is what the timeline shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told<'a> {
    pub(crate) event: &'a Event,
    pub(crate) json: &'a str,
}

/// What came of a batch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Applied {
    changed: Vec<State>,
    /// Orders for which something has to be undone. Not remembered here: it must be [settled](super::settle()) before the
    /// events are acknowledged.
    pub(crate) owed: Vec<Again>,
}

impl Applied {
    /// The orders that stand otherwise than before, and whether they are final now.
    pub(crate) fn changed(&self) -> impl Iterator<Item = (OrderId, bool)> {
        self.changed.iter().map(|state| (OrderId::from_uuid(state.id), state.status.is_final()))
    }
}

/// Applies the events to their orders, adds them to the timelines, and notes whom to tell of them. When it returns, all of
/// it is durable; it may be repeated.
///
/// Events about orders that are not ours (another installation's, or of a database that was made anew) change nothing.
pub(crate) async fn apply(database: &Database, hooks: &Hooks, events: &[Told<'_>]) -> Result<Applied, DbErr> {
    // That an order was placed is known since it was accepted.
    let news: Vec<Told<'_>> = events.iter().copied().filter(|told| !is_first(told.event)).collect();
    if news.is_empty() {
        return Ok(Applied::default());
    }
    let mut ids: Vec<Uuid> = news.iter().map(|told| told.event.order_id().as_uuid()).collect();
    ids.sort_unstable();
    ids.dedup();

    let transaction = database.begin_write().await?;
    let states = update::load(&transaction, &ids).await?;
    let mut states: HashMap<Uuid, (State, bool)> =
        states.into_iter().map(|state| (state.id, (state, false))).collect();
    let last_loss = last_loss(&transaction, &news).await?;
    let (mut known, mut owed) = (Vec::with_capacity(news.len()), Vec::new());
    let mut to_tell = Vec::new();
    for told in news {
        let event = told.event;
        let Some((state, changed)) = states.get_mut(&event.order_id().as_uuid()) else {
            tracing::debug!(order.id = %event.order_id(), "an event about an order that is not here");
            continue;
        };
        match state.apply(event) {
            Ok(state::Applied::Changed) => {
                *changed = true;
                if hooks.want(event.kind()) {
                    to_tell.push(event);
                }
            }
            Ok(state::Applied::Old) => {}
            Err(_) if state.status == Status::Cancelled && event.kind() == EventKind::Completed => {
                tracing::warn!(order.id = %event.order_id(), "a cancelled order was completed; undoing it");
            }
            Err(error) => tracing::warn!(order.id = %event.order_id(), %error, "an event was not applied"),
        }
        owed.extend(undoing(state, event, last_loss));
        known.push(told);
    }
    let mut changed: Vec<State> =
        states.into_values().filter(|(_, changed)| *changed).map(|(state, _)| state).collect();
    // Neighbours are on one page.
    changed.sort_unstable_by_key(|state| state.id);
    let mut batch = Batch::default();
    update::save(&mut batch, &changed);
    update::record(&mut batch, &known);
    batch.write(&transaction).await?;
    let told = hooks.add(&transaction, &to_tell).await?;
    transaction.commit().await?;
    if told > 0 {
        hooks.wake();
    }
    Ok(Applied { changed, owed })
}

/// What has to be undone because of an event, as the order stands after it: the database decides and not Redis, which may
/// have forgotten how an order ended. Asked for again whenever the event is delivered again.
fn undoing(state: &State, event: &Event, last_loss: Timestamp) -> Option<Again> {
    let order_id = event.order_id();
    let is_its_end = i64::from(state.version) == i64::from(event.version());
    let all = || Step::ALL.into_iter().rev().collect();
    let steps = match &event.data {
        // Its failure was accepted as its end.
        EventData::Failed(failed) if state.status == Status::Failed && is_its_end => {
            failed.compensating.clone()
        }
        // Redis had forgotten the cancellation, and a worker was faster than the healing.
        EventData::Completed(_) if state.status == Status::Cancelled && !is_known(state, event) => all(),
        EventData::Failed(failed) if state.status == Status::Cancelled && !is_known(state, event) => {
            failed.compensating.clone()
        }
        // Redis may have forgotten that a worker had it.
        EventData::Cancelled(_)
            if state.status == Status::Cancelled && is_its_end && order_id.time() <= last_loss =>
        {
            all()
        }
        _ => return None,
    };
    let wish = Wish::Compensate { version: event.version(), steps };
    let traceparent = event.envelope.traceparent.clone();
    let nothing = matches!(&wish, Wish::Compensate { steps, .. } if steps.is_empty());
    (!nothing).then_some(Again { order_id, wish, traceparent })
}

/// Whether the order is past the event: what it says was settled before.
fn is_known(state: &State, event: &Event) -> bool {
    i64::from(state.version) >= i64::from(event.version())
}

/// Looked up only for cancellations, which are few.
async fn last_loss(transaction: &DatabaseTransaction, news: &[Told<'_>]) -> Result<Timestamp, DbErr> {
    if news.iter().any(|told| told.event.kind() == EventKind::Cancelled) {
        outbox::last_loss(transaction).await
    } else {
        Ok(Timestamp::from_micros(0))
    }
}

fn is_first(event: &Event) -> bool {
    event.kind() == EventKind::Placed && event.version() == FIRST_VERSION
}
