//! `events/apply.rs`, `events/state.rs`, `events/settle.rs`: one event applied to its order in one transaction, and what
//! follows from it put into the outbox in a second one (`intake/again.rs`), before the event is acknowledged.

use contract::{EventKind, Status};

use super::Api;
use crate::{
    protocol::{Change, Protocol},
    state::{Command, Event, Task, Undo},
};

impl Api {
    /// The first transaction. It may be repeated.
    pub(crate) fn apply(&mut self, event: Event, protocol: &Protocol) {
        let Some(order) = &mut self.orders[usize::from(event.order)] else { return };
        if event.version <= order.version {
            return;
        }
        let Ok(status) = order.status.apply(event.kind) else { return };
        order.status = status;
        order.version = event.version;
        if status.is_final() {
            order.ended.get_or_insert(status);
        }
        match event.kind {
            EventKind::Processing | EventKind::Completed => {
                order.attempts = order.attempts.max(event.attempt);
            }
            EventKind::Failed => {
                order.attempts = order.attempts.max(event.attempt);
                order.compensating = event.undo.is_some();
            }
            EventKind::Compensated => order.compensating = false,
            EventKind::Cancelled => order.compensating = protocol.has(Change::CancelledAreUndone),
            EventKind::Placed | EventKind::Retrying => {}
        }
    }

    /// What has to be undone because of an event, as its order stands after it. Asked for again whenever the event is
    /// delivered again.
    pub(crate) fn undoing(&self, event: Event, protocol: &Protocol) -> Option<Undo> {
        let order = self.order(event.order)?;
        let is_its_end = order.version == event.version;
        match (event.kind, order.status) {
            (EventKind::Failed, Status::Failed)
                if is_its_end && !protocol.has(Change::CompensationByFinish) =>
            {
                event.undo
            }
            (EventKind::Completed, Status::Cancelled) if !protocol.has(Change::OverrunsStay) => {
                Some(Undo::WithPayment)
            }
            (EventKind::Failed, Status::Cancelled) if protocol.has(Change::FailedOverrunsAreUndone) => {
                event.undo
            }
            (EventKind::Cancelled, Status::Cancelled)
                if is_its_end && (order.doubted || order.compensating) =>
            {
                Some(Undo::WithPayment)
            }
            _ => None,
        }
    }

    /// The second transaction: `Wish::Compensate`.
    pub(crate) fn settle(&mut self, event: Event, protocol: &Protocol) {
        let (undoing, waits) = (self.undoing(event, protocol), self.waits(event.order));
        let Some(undo) = undoing.filter(|_| !waits) else { return };
        let Some(order) = &mut self.orders[usize::from(event.order)] else { return };
        match order.status {
            Status::Failed | Status::Cancelled if order.compensating && order.version == event.version => {}
            Status::Cancelled if !order.compensating => {
                order.version = order.version.max(event.version);
                order.compensating = true;
            }
            _ => return,
        }
        let task = Task::Compensate { payment: undo == Undo::WithPayment };
        let command = order.command(event.order);
        self.put(Command { task, ..command });
    }
}
