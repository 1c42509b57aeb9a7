//! The projection as part of its orders' traces.

use runtime::trace_context;
use streams::Delivered;
use tracing::Span;

/// Ties the batch to the traces of its events: a link to each, and in each trace a span that lasts as long as the batch
/// takes. None where nobody would see them.
pub(super) fn event_spans(batch_span: &Span, batch: &[Delivered]) -> Vec<Span> {
    trace_context::each_in_batch(batch_span, batch.iter(), |delivered| {
        let envelope = &delivered.event.envelope;
        let span = tracing::debug_span!(
            "order.project",
            otel.kind = "consumer",
            order.id = %envelope.subject,
            event.id = envelope.id,
            event.r#type = delivered.event.kind().as_str(),
        );
        (span, envelope.traceparent.as_deref())
    })
}
