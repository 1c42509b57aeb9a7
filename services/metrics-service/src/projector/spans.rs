//! The projection as part of its orders' traces.

use runtime::trace_context;
use streams::Delivered;
use tracing::Span;

/// Ties the batch to the traces of its events: a link to each, and in each trace a span that lasts as long as the batch
/// takes. None where nobody would see them.
pub(super) fn event_spans(batch_span: &Span, batch: &[Delivered]) -> Vec<Span> {
    if batch_span.is_disabled() {
        return Vec::new();
    }
    let span_of = |delivered: &Delivered| {
        let envelope = &delivered.event.envelope;
        let traceparent = envelope.traceparent.as_deref();
        trace_context::link(batch_span, traceparent);
        let span = tracing::debug_span!(
            parent: None,
            "order.project",
            order.id = %envelope.subject,
            event.id = envelope.id,
            event.r#type = delivered.event.kind().as_str(),
        );
        trace_context::set_parent(&span, traceparent);
        span
    };
    batch.iter().map(span_of).collect()
}
