//! An order in work, with all that its way through this service needs: one that is processed, or one that failed and is
//! compensated.

use contract::{CompensateOrder, Event, EventData, OrderId, ProcessOrder, Timestamp, event::OrderProcessing};
use runtime::trace_context;
use streams::{Accept, EntryId};
use tracing::{Span, field::Empty};

use super::delivery::Taken;
use crate::{outcome::Outcome, pipeline::Work, worker::SOURCE};

/// What a command asks for, in work.
#[derive(Debug)]
pub(crate) struct InWork<C> {
    pub(crate) id: OrderId,
    pub(crate) partition: u16,
    pub(crate) entry: EntryId,
    pub(crate) command: C,
    /// When this attempt began: when the order was taken.
    pub(crate) started_at: Timestamp,
    /// What its events, calls and further attempts carry.
    pub(crate) traceparent: Option<String>,
    /// `order.process` or `order.compensate`, the parent of all that is done for the order here.
    pub(crate) span: Span,
    /// It was delivered before: a worker that crashed or stalled may have called any step for it.
    pub(crate) redelivered: bool,
}

/// One that is run through the pipeline.
pub(crate) type Order = InWork<ProcessOrder>;
/// One that failed, and for which what was done outside is undone.
pub(crate) type Compensation = InWork<CompensateOrder>;

impl<C> InWork<C> {
    fn begun(taken: Taken<C>, partition: u16, now: Timestamp, span: Span) -> Self {
        let Taken { entry, redelivered, id, command, traceparent } = taken;
        trace_context::set_parent(&span, traceparent.as_deref());
        let traceparent = trace_context::outgoing_traceparent(&span, traceparent.as_deref());
        Self { id, partition, entry, command, started_at: now, traceparent, span, redelivered }
    }

    /// Notes in its trace how the attempt ended; where it did not end well, with why.
    pub(crate) fn note(&self, outcome: Outcome, reason: Option<impl FnOnce() -> String>) {
        self.span.record("order.outcome", outcome.as_str());
        if let Some(reason) = reason {
            trace_context::failed(&self.span, reason);
        }
    }

    /// Whether it is not worked on: then its span, which was begun when it was taken, is that of laying it aside.
    pub(super) fn is_laid_aside(&self, aside: &[EntryId]) -> bool {
        let laid_aside = aside.contains(&self.entry);
        if laid_aside {
            trace_context::rename(&self.span, || "order.lay_aside".to_owned());
        }
        laid_aside
    }

    /// For `order.finish`; `None` where nobody would see it.
    pub(crate) fn trace(&self) -> Option<String> {
        if trace_context::is_exporting() { self.traceparent.clone() } else { None }
    }
}

impl Order {
    pub(super) fn new(taken: Taken<ProcessOrder>, partition: u16, now: Timestamp) -> Self {
        let span = tracing::debug_span!(
            "order.process",
            otel.kind = "consumer",
            order.id = %taken.id,
            order.outcome = Empty,
            stream.entry = %taken.entry,
            stream.attempt = taken.command.attempt,
        );
        Self::begun(taken, partition, now, span)
    }

    /// What its steps are told.
    pub(super) fn work(&self) -> Work<'_> {
        Work {
            order_id: self.id,
            life: self.command.life,
            attempt: self.command.attempt,
            placed_at: self.command.placed_at,
            content: &self.command.order,
            traceparent: self.traceparent.as_deref(),
        }
    }

    /// Steps may have been done for it: the ledger has to be asked.
    pub(crate) const fn may_have_been_tried(&self) -> bool {
        self.redelivered || self.command.version > self.command.life
    }

    /// Asks whether it may be worked on; `order.processing` says that it is.
    pub(super) fn accept(&self, worker: &str) -> Accept {
        let data = OrderProcessing {
            version: self.command.processing_version(),
            attempt: self.command.attempt,
            worker: worker.to_owned(),
            placed_at: self.command.placed_at,
            published_at: Some(published_at(self.entry)),
            trace_id: trace_context::trace_id(self.traceparent.as_deref()),
        };
        let traceparent = self.traceparent.clone();
        let event = Event::new(SOURCE, self.id, self.started_at, traceparent, EventData::Processing(data));
        Accept { entry: self.entry, order: self.id, event: Some(event.to_fields()) }
    }
}

impl Compensation {
    pub(super) fn new(taken: Taken<CompensateOrder>, partition: u16, now: Timestamp) -> Self {
        let span = tracing::debug_span!(
            "order.compensate",
            otel.kind = "consumer",
            order.id = %taken.id,
            order.outcome = Empty,
            stream.entry = %taken.entry,
            stream.attempt = taken.command.attempt,
        );
        Self::begun(taken, partition, now, span)
    }

    /// What those are told who undo its steps.
    pub(super) fn work(&self) -> Work<'_> {
        Work {
            order_id: self.id,
            life: self.command.life,
            attempt: self.command.attempt,
            placed_at: self.command.placed_at,
            content: &self.command.order,
            traceparent: self.traceparent.as_deref(),
        }
    }

    /// Steps may have been undone for it: the ledger has to be asked.
    pub(crate) const fn may_have_been_tried(&self) -> bool {
        self.redelivered || self.command.attempt > 1
    }

    /// Asks whether it may be worked on; nothing is announced.
    pub(super) const fn accept(&self) -> Accept {
        Accept { entry: self.entry, order: self.id, event: None }
    }
}

/// An entry's id begins with the time at which it was added.
fn published_at(entry: EntryId) -> Timestamp {
    Timestamp::from_micros(i64::try_from(entry.ms).unwrap_or(i64::MAX).saturating_mul(1_000))
}
