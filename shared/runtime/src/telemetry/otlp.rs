//! The export of spans to an OpenTelemetry collector, in batches from a thread of its own: a slow or absent
//! collector costs spans, never requests.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_otlp::{ExporterBuildError, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{Sampler, SdkTracerProvider, SpanData, SpanExporter},
};
use tracing::{Metadata, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

use crate::{
    Service,
    config::{OtlpProtocol, TelemetryConfig},
    outage::Outage,
};

const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);

/// The crates whose spans make up a trace. Those of the libraries beneath would drown them, and those of the
/// exporter itself would never end.
const OURS: &[&str] = &["runtime", "streams", "order_api", "order_processor", "metrics_service"];

pub(super) fn provider(
    service: Service,
    instance: &str,
    config: &TelemetryConfig,
) -> Result<Option<SdkTracerProvider>, ExporterBuildError> {
    let endpoint = config.otlp_endpoint.trim();
    if endpoint.is_empty() {
        return Ok(None);
    }
    let builder = opentelemetry_otlp::SpanExporter::builder();
    let exporter = match config.otlp_protocol {
        OtlpProtocol::Grpc => {
            builder.with_tonic().with_endpoint(endpoint).with_timeout(EXPORT_TIMEOUT).build()?
        }
        OtlpProtocol::Http => {
            builder.with_http().with_endpoint(traces_url(endpoint)).with_timeout(EXPORT_TIMEOUT).build()?
        }
    };
    let resource = Resource::builder()
        .with_service_name(service.name())
        .with_attributes([
            KeyValue::new("service.namespace", "orderflow"),
            KeyValue::new("service.instance.id", instance.to_owned()),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        ])
        .build();
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.sample_ratio)));
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(Watched { exporter, outage: Mutex::new(Outage::new("trace collector")) })
        .with_resource(resource)
        .with_sampler(sampler)
        .build();
    Ok(Some(provider))
}

/// The layer that turns our spans into OpenTelemetry's. Events stay log lines.
pub(super) fn layer<S>(provider: &SdkTracerProvider) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let ours = |metadata: &Metadata<'_>| {
        metadata.is_span()
            && *metadata.level() <= LevelFilter::DEBUG
            && metadata.target().split("::").next().is_some_and(|name| OURS.contains(&name))
    };
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("orderflow"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(ours).with_max_level_hint(LevelFilter::DEBUG))
}

/// OTLP over HTTP has a path of its own for each signal; an endpoint without a path means the usual one.
fn traces_url(endpoint: &str) -> String {
    let host_and_path = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    if host_and_path.trim_end_matches('/').contains('/') {
        endpoint.to_owned()
    } else {
        format!("{}/v1/traces", endpoint.trim_end_matches('/'))
    }
}

/// An exporter whose failures are three lines of log instead of silence or a flood.
#[derive(Debug)]
struct Watched<E> {
    exporter: E,
    outage: Mutex<Outage>,
}

impl<E: SpanExporter> SpanExporter for Watched<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let result = self.exporter.export(batch).await;
        let mut outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        match &result {
            Ok(()) => outage.recovered(),
            Err(error) => outage.failed(error),
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LogFormat;

    fn config(endpoint: &str, protocol: OtlpProtocol) -> TelemetryConfig {
        TelemetryConfig {
            log: "info".into(),
            log_format: LogFormat::Auto,
            otlp_endpoint: endpoint.into(),
            otlp_protocol: protocol,
            sample_ratio: 1.0,
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn both_protocols_start_without_a_collector_and_no_endpoint_starts_nothing() {
        // As `init` does: the HTTP client is built with TLS and takes the process's provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let start = |endpoint, protocol| provider(Service::OrderApi, "host-1", &config(endpoint, protocol));
        assert!(start(" ", OtlpProtocol::Grpc).unwrap().is_none());
        for protocol in [OtlpProtocol::Grpc, OtlpProtocol::Http] {
            assert!(start("http://127.0.0.1:1", protocol).unwrap().is_some());
        }
        assert!(start("not a url", OtlpProtocol::Grpc).is_err());
    }

    #[test]
    fn an_endpoint_without_a_path_gets_the_usual_one() {
        assert_eq!(traces_url("http://localhost:4318"), "http://localhost:4318/v1/traces");
        assert_eq!(traces_url("http://localhost:4318/"), "http://localhost:4318/v1/traces");
        assert_eq!(traces_url("https://host/otlp/v1/traces"), "https://host/otlp/v1/traces");
    }
}
