//! One trace from the caller's header through our span to the collector. The only test that starts telemetry,
//! which is the process's.

use std::sync::{Arc, Mutex};

use crate::support::{Client, http_config, start};
use ::tracing::Instrument;
use poem::{IntoResponse, endpoint::make, get};
use runtime::{
    Service,
    config::{LogFormat, OtlpProtocol, TelemetryConfig},
    telemetry, trace_context,
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const LINKED: &str = "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb";

#[tokio::test(flavor = "multi_thread")]
async fn a_callers_trace_goes_through_us_to_the_collector() {
    let received = Arc::new(Mutex::new(Vec::<u8>::new()));
    let sink = received.clone();
    let collect = poem::post(make(move |mut request| {
        let sink = sink.clone();
        async move {
            let body = request.take_body().into_vec().await.unwrap_or_default();
            sink.lock().unwrap().extend(body);
            poem::http::StatusCode::OK.into_response()
        }
    }));
    let collector = start(http_config(), |site| site.page("/v1/traces", collect)).await;

    let config = TelemetryConfig {
        log: "warn".into(),
        log_format: LogFormat::Json,
        otlp_endpoint: format!("http://{}", collector.address),
        otlp_protocol: OtlpProtocol::Http,
        sample_ratio: 1.0,
    };
    let telemetry = telemetry::init(Service::OrderApi, "host-1", &config).unwrap();

    let hello = get(make(|_| async {
        let batch = ::tracing::debug_span!(target: "order_api::test", "order.batch");
        trace_context::link(&batch, Some(&format!("00-{LINKED}-00f067aa0ba902b7-01")));
        async { trace_context::current_traceparent().unwrap_or_default() }.instrument(batch).await
    }));
    let running = start(http_config(), |site| site.page("/hello", hello)).await;
    let mut client = Client::connect(running.address).await;
    client
        .write(&format!(
            "GET /hello HTTP/1.1\r\nhost: t\r\ntraceparent: 00-{TRACE}-00f067aa0ba902b7-01\r\n\r\n"
        ))
        .await;
    let traceparent = String::from_utf8(client.answer().await.body).unwrap();
    let parts: Vec<&str> = traceparent.split('-').collect();
    assert_eq!((parts[0], parts[1], parts[3]), ("00", TRACE, "01"), "{traceparent}");
    assert_ne!(parts[2], "00f067aa0ba902b7", "the span is ours");

    telemetry.shutdown().await;
    let received = received.lock().unwrap().clone();
    let holds = |bytes: &[u8]| received.windows(bytes.len()).any(|window| window == bytes);
    let binary = |hex: &str| u128::from_str_radix(hex, 16).unwrap().to_be_bytes();
    assert!(holds(&binary(TRACE)), "the trace's id");
    assert!(holds(&binary(LINKED)), "the link's id");
    for name in ["GET /hello", "order.batch", "host-1", "order-api"] {
        assert!(holds(name.as_bytes()), "{name} in {}", String::from_utf8_lossy(&received));
    }
}
