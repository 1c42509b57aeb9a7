//! One trace across processes: the W3C `traceparent` comes in with a request or a message, becomes the
//! parent of our span, and goes out with what we send. With OTLP off nothing is traced here, and the
//! caller's `traceparent` is passed on as it came, so that we never cut a trace of others in two.
//!
//! No `tracestate` and no baggage: they would travel with every message and nobody reads them.

use std::sync::atomic::{AtomicBool, Ordering};

use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, Status, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Whether spans reach an OpenTelemetry layer; set once by [`crate::telemetry::init`].
static EXPORTING: AtomicBool = AtomicBool::new(false);

pub(crate) fn set_exporting(on: bool) {
    EXPORTING.store(on, Ordering::Relaxed);
}

/// Whether anybody collects traces. What is done for them alone can be left out when not.
pub fn is_exporting() -> bool {
    EXPORTING.load(Ordering::Relaxed)
}

tokio::task_local! {
    /// The `traceparent` of the request that this task answers.
    static INCOMING: Option<Box<str>>;
}

/// Runs a task whose [`current_traceparent`] is `incoming` as long as nothing is exported.
pub fn with_incoming<F: Future>(incoming: Option<&str>, task: F) -> impl Future<Output = F::Output> + use<F> {
    INCOMING.scope(incoming.map(Into::into), task)
}

/// The `traceparent` to send along with what the current span does; `None` when there is no trace.
pub fn current_traceparent() -> Option<String> {
    if is_exporting() {
        return format(&Span::current().context());
    }
    INCOMING.try_with(|incoming| incoming.as_deref().map(str::to_owned)).ok().flatten()
}

/// The same for a given span, in tasks that carry the incoming `traceparent` themselves.
pub fn outgoing_traceparent(span: &Span, incoming: Option<&str>) -> Option<String> {
    let own = if is_exporting() { format(&span.context()) } else { None };
    own.or_else(|| incoming.map(str::to_owned))
}

/// The id of the trace that a `traceparent` belongs to; `None` where it is none.
pub fn trace_id(traceparent: Option<&str>) -> Option<String> {
    parse(traceparent?).map(|parsed| parsed.trace_id().to_string())
}

/// Makes the span a child of the remote one. Must be called before the span is first entered; a text that is
/// no `traceparent` is ignored, as the W3C asks.
pub fn set_parent(span: &Span, traceparent: Option<&str>) {
    if let Some(parent) = remote(traceparent)
        && let Err(error) = span.set_parent(Context::new().with_remote_span_context(parent))
    {
        tracing::debug!(%error, "span has no remote parent");
    }
}

/// Notes that the span also works for the remote one: for a batch, which serves many traces at once.
pub fn link(span: &Span, traceparent: Option<&str>) {
    if let Some(linked) = remote(traceparent) {
        span.add_link(linked);
    }
}

/// The traces of a batch, which does one thing for many orders at once: the batch's span is linked to each order's trace,
/// and each trace gets a span of its own that lasts as long as the answer is held. With nothing exported nothing is done.
///
/// `of` gives an item's span, not entered yet, and the `traceparent` that came with the item.
pub fn each_in_batch<'a, T: 'a>(
    batch: &Span,
    items: impl Iterator<Item = &'a T>,
    of: impl Fn(&'a T) -> (Span, Option<&'a str>),
) -> Vec<Span> {
    if !is_exporting() {
        return Vec::new();
    }
    let begin = |item| {
        let (span, traceparent) = of(item);
        link(batch, traceparent);
        set_parent(&span, traceparent);
        // Never entered: it would be taken for ended when it is left for the last time, and not when it is dropped.
        span
    };
    items.map(begin).collect()
}

/// Notes that what the span does has failed, and why.
pub fn failed(span: &Span, reason: impl FnOnce() -> String) {
    if is_exporting() {
        span.set_status(Status::error(reason()));
    }
}

/// Gives the span the name that the collector shows, once more is known than at its start.
pub fn rename(span: &Span, name: impl FnOnce() -> String) {
    if is_exporting() {
        span.context().span().update_name(name());
    }
}

fn remote(traceparent: Option<&str>) -> Option<SpanContext> {
    if is_exporting() { parse(traceparent?) } else { None }
}

/// <https://www.w3.org/TR/trace-context/#traceparent-header>; later versions may append fields.
fn parse(traceparent: &str) -> Option<SpanContext> {
    let mut parts = traceparent.trim().split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let lower_hex = |text: &str, len: usize| {
        text.len() == len && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let well_formed = lower_hex(version, 2)
        && lower_hex(trace, 32)
        && lower_hex(span, 16)
        && lower_hex(flags, 2)
        && version != "ff"
        && (version != "00" || parts.next().is_none());
    if !well_formed {
        return None;
    }
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED,
        true,
        TraceState::NONE,
    );
    context.is_valid().then_some(context)
}

fn format(context: &Context) -> Option<String> {
    let span = context.span();
    let span = span.span_context();
    let flags = span.trace_flags() & TraceFlags::SAMPLED;
    span.is_valid().then(|| format!("00-{}-{}-{:02x}", span.trace_id(), span.span_id(), flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_is_read_is_written() {
        let context = Context::new().with_remote_span_context(parse(TRACEPARENT).unwrap());
        assert_eq!(format(&context).as_deref(), Some(TRACEPARENT));
        assert!(parse("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later").is_some());
    }

    #[test]
    fn what_is_no_traceparent_is_ignored() {
        for text in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e473ö-00f067aa0ba902b7-01",
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }

    #[tokio::test]
    async fn with_export_off_the_incoming_one_is_passed_on() {
        assert_eq!(current_traceparent(), None);
        with_incoming(Some(TRACEPARENT), async {
            assert_eq!(current_traceparent().as_deref(), Some(TRACEPARENT));
        })
        .await;
        let span = Span::none();
        assert_eq!(outgoing_traceparent(&span, Some(TRACEPARENT)).as_deref(), Some(TRACEPARENT));
        assert_eq!(outgoing_traceparent(&span, None), None);
    }
}
