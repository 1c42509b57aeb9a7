//! Logs and traces. Log lines go to standard error, human on a terminal and JSON otherwise; spans go to an
//! OpenTelemetry collector when an endpoint is configured, and cost next to nothing when none is.
//!
//! Spans on the path of an order are made with `debug_span!`: with the usual filter `info` and no collector
//! they are switched off where they stand; with a collector they are exported whatever the log filter says.
//! Log lines therefore carry the ids that matter as fields of their own, and `trace_id` when there is one.
//!
//! A crash loses the spans of the last seconds, and nothing else.

mod format;
mod otlp;
mod panics;

use std::io::IsTerminal;

use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::{
    EnvFilter, Layer, Registry, fmt::format::JsonFields, layer::SubscriberExt, util::SubscriberInitExt,
};

use crate::{
    Service,
    config::{LogFormat, TelemetryConfig},
    trace_context,
};

/// Why telemetry can't start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("telemetry.log is no filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    #[error("telemetry.otlp_endpoint can't be used: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
}

/// Keeps traces flowing; what is still buffered is sent by [`shutdown`](Self::shutdown) or on drop.
#[derive(Debug)]
#[must_use = "dropping it stops the export of traces"]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

/// Starts logging and, if configured, the export of traces; also makes ring the process's TLS provider and
/// sends panics to the log. Called once, at the start of `main` and inside the tokio runtime; in a test
/// process later calls change nothing.
///
/// # Errors
/// An unreadable filter or endpoint.
pub fn init(service: Service, instance: &str, config: &TelemetryConfig) -> Result<Telemetry, TelemetryError> {
    // Fails when it is installed already, which is what we want.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let filter = EnvFilter::try_new(&config.log)?;
    let json = match config.log_format {
        LogFormat::Json => true,
        LogFormat::Human => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    let lines = if json {
        tracing_subscriber::fmt::layer()
            .fmt_fields(JsonFields::new())
            .event_format(format::Json::new(service, instance))
            .with_writer(std::io::stderr)
            .with_filter(filter)
            .boxed()
    } else {
        tracing_subscriber::fmt::layer()
            .event_format(format::Human)
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr)
            .with_filter(filter)
            .boxed()
    };
    let provider = otlp::provider(service, instance, config)?;
    let spans = provider.as_ref().map(otlp::layer);
    let first = Registry::default().with(lines).with(spans).try_init().is_ok();
    if first {
        trace_context::set_exporting(provider.is_some());
        panics::to_log();
    }
    Ok(Telemetry { provider })
}

impl Telemetry {
    /// Sends what is buffered, without blocking the runtime; gives up after a few seconds.
    pub async fn shutdown(mut self) {
        if let Some(provider) = self.provider.take() {
            // An error was logged by the exporter; the process ends in any case.
            let _ = tokio::task::spawn_blocking(move || provider.shutdown()).await;
        }
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(provider) = self.provider.take() {
            let _ = provider.shutdown();
        }
    }
}
