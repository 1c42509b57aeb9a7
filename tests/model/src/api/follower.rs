//! `events/apply.rs`, `events/state.rs`: one event applied to its order, in one transaction with what follows from it.

use contract::{EventKind, Status};

use super::Api;
use crate::{
    protocol::{Change, Protocol},
    state::{Event, OrderNo},
};

impl Api {
    pub(crate) fn apply(&mut self, event: Event, protocol: &Protocol) {
        let Some(order) = &mut self.orders[usize::from(event.order)] else { return };
        if event.version <= order.version {
            return;
        }
        let Ok(status) = order.status.apply(event.kind) else {
            return self.refuse(event, protocol);
        };
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
                order.compensating = event.compensating;
                if event.compensating && protocol.has(Change::CompensationByApi) {
                    self.compensate(event.order);
                }
            }
            EventKind::Compensated => order.compensating = false,
            EventKind::Cancelled => order.compensating = protocol.has(Change::CancelledAreUndone),
            EventKind::Placed | EventKind::Retrying => {}
        }
    }

    /// An event that can't happen to an order as it stands.
    fn refuse(&mut self, event: Event, protocol: &Protocol) {
        let waits = self.waits(event.order);
        let Some(order) = &mut self.orders[usize::from(event.order)] else { return };
        if order.status != Status::Cancelled {
            return;
        }
        let overrun = event.kind == EventKind::Completed
            || event.compensating && protocol.has(Change::CompensationByApi);
        if overrun && !order.compensating && !waits {
            order.version = order.version.max(event.version);
            order.compensating = true;
            self.compensate(event.order);
        }
    }

    fn compensate(&mut self, order: OrderNo) {
        if let Some(owing) = self.order(order).copied() {
            self.put(owing.command(order));
        }
    }
}
