//! With no collector configured a span is nothing: it is switched off where it stands, and what would be done for it is not
//! done. In a program of its own, for what `init` sets is the process's.

use runtime::{
    Service,
    config::{LogFormat, OtlpProtocol, TelemetryConfig},
    telemetry, trace_context,
};
use tracing::Span;

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn without_a_collector_nothing_is_made_of_a_span() {
    let config = TelemetryConfig {
        log: "info".into(),
        log_format: LogFormat::Json,
        otlp_endpoint: String::new(),
        otlp_protocol: OtlpProtocol::Grpc,
        sample_ratio: 1.0,
    };
    let telemetry = telemetry::init(Service::OrderApi, "host-1", &config).unwrap();
    assert!(!trace_context::is_exporting());

    let span = tracing::debug_span!(target: "order_api::test", "order.place", order.id = unasked::<&str>());
    assert!(span.is_disabled() && span.id().is_none());
    let batch = ["one", "two"];
    let spans = trace_context::each_in_batch(&span, batch.iter(), |_| -> (Span, Option<&str>) { unasked() });
    assert_eq!(spans.capacity(), 0);
    trace_context::set_parent(&span, Some(TRACEPARENT));
    trace_context::link(&span, Some(TRACEPARENT));
    trace_context::failed(&span, unasked);
    // What others trace goes on as it came.
    assert_eq!(trace_context::outgoing_traceparent(&span, Some(TRACEPARENT)).as_deref(), Some(TRACEPARENT));
    telemetry.shutdown().await;
}

/// What nobody may want to know.
fn unasked<T>() -> T {
    panic!("a span that is off was asked for")
}
