//! An order that was taken, with all that its way through this service needs.

use contract::{Event, EventData, OrderId, ProcessOrder, Timestamp, event::OrderProcessing};
use runtime::trace_context;
use streams::{Accept, EntryId};
use tracing::Span;

use super::delivery::Taken;
use crate::{pipeline::Work, worker::SOURCE};

#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) id: OrderId,
    pub(crate) partition: u16,
    pub(crate) entry: EntryId,
    pub(crate) command: ProcessOrder,
    /// When this attempt began: when the order was taken.
    pub(crate) started_at: Timestamp,
    /// What its events, calls and further attempts carry.
    pub(crate) traceparent: Option<String>,
    /// `order.process`, the parent of all that is done for the order here.
    pub(crate) span: Span,
    redelivered: bool,
}

impl Order {
    pub(super) fn new(taken: Taken, partition: u16, now: Timestamp) -> Self {
        let Taken { entry, redelivered, id, command, traceparent } = taken;
        let span = tracing::debug_span!(
            "order.process",
            otel.kind = "consumer",
            order.id = %id,
            stream.entry = %entry,
            stream.attempt = command.attempt,
        );
        trace_context::set_parent(&span, traceparent.as_deref());
        let traceparent = trace_context::outgoing_traceparent(&span, traceparent.as_deref());
        Self { id, partition, entry, command, started_at: now, traceparent, span, redelivered }
    }

    /// What its steps are told.
    pub(super) fn work(&self) -> Work<'_> {
        Work {
            order_id: self.id,
            attempt: self.command.attempt,
            placed_at: self.command.placed_at,
            content: &self.command.order,
            traceparent: self.traceparent.as_deref(),
        }
    }

    /// Steps may have been done for it: the ledger has to be asked.
    pub(crate) const fn may_have_been_tried(&self) -> bool {
        self.redelivered || self.command.attempt > 1
    }

    /// Whether it was cancelled, and `order.processing` if it was not.
    pub(super) fn accept(&self, worker: &str) -> Accept {
        let data = OrderProcessing {
            version: self.command.processing_version(),
            attempt: self.command.attempt,
            worker: worker.to_owned(),
            placed_at: self.command.placed_at,
        };
        let traceparent = self.traceparent.clone();
        let event = Event::new(SOURCE, self.id, self.started_at, traceparent, EventData::Processing(data));
        Accept { entry: self.entry, order: self.id, event: Some(event.to_fields()) }
    }
}
