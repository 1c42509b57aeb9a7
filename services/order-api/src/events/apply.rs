//! One batch of events, applied in one transaction.

use std::collections::HashMap;

use contract::{Event, EventKind, OrderId, Status, command::FIRST_VERSION};
use runtime::db::Database;
use sea_orm::DbErr;
use uuid::Uuid;

use super::{
    state::{self, State},
    update,
};

/// What came of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    /// Orders that are final now.
    pub(crate) finished: Vec<OrderId>,
    /// Orders that were cancelled, and worked on all the same, for Redis had forgotten the cancellation: what was done for
    /// them has to be undone. With the version of the event that says so.
    pub(crate) overrun: Vec<(OrderId, u32)>,
}

/// Applies the events to their orders and adds them to the timelines. When it returns, all of it is durable; it may be
/// repeated.
///
/// Events about orders that are not ours (another installation's, or of a database that was made anew) change nothing.
pub(crate) async fn apply(database: &Database, events: &[&Event]) -> Result<Applied, DbErr> {
    // That an order was placed is known since it was accepted.
    let news: Vec<&Event> = events.iter().copied().filter(|event| !is_first(event)).collect();
    if news.is_empty() {
        return Ok(Applied::default());
    }
    let mut ids: Vec<Uuid> = news.iter().map(|event| event.order_id().as_uuid()).collect();
    ids.sort_unstable();
    ids.dedup();

    let transaction = database.begin_write().await?;
    let states = update::load(&transaction, &ids).await?;
    let mut states: HashMap<Uuid, (State, bool)> =
        states.into_iter().map(|state| (state.id, (state, false))).collect();
    let (mut known, mut overrun) = (Vec::with_capacity(news.len()), Vec::new());
    for event in news {
        let Some((state, changed)) = states.get_mut(&event.order_id().as_uuid()) else {
            tracing::debug!(order.id = %event.order_id(), "an event about an order that is not here");
            continue;
        };
        match state.apply(event) {
            Ok(state::Applied::Changed) => *changed = true,
            Ok(state::Applied::Old) => {}
            Err(_) if state.status == Status::Cancelled && event.kind() == EventKind::Completed => {
                tracing::warn!(order.id = %event.order_id(), "a cancelled order was completed; undoing it");
                overrun.push((event.order_id(), event.version()));
            }
            Err(error) => tracing::warn!(order.id = %event.order_id(), %error, "an event was not applied"),
        }
        known.push(event);
    }
    let changed: Vec<State> =
        states.into_values().filter(|(_, changed)| *changed).map(|(state, _)| state).collect();
    update::save(&transaction, &changed).await?;
    update::record(&transaction, known.into_iter()).await?;
    transaction.commit().await?;
    let finished = changed.iter().filter(|state| state.status.is_final());
    Ok(Applied { finished: finished.map(|state| OrderId::from_uuid(state.id)).collect(), overrun })
}

fn is_first(event: &Event) -> bool {
    event.kind() == EventKind::Placed && event.version() == FIRST_VERSION
}
