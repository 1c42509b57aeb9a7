//! The service's Prometheus metrics: one registry, filled at start, read by `GET /metrics`. Labels are
//! bounded by construction; an id is never a label. docs/METRICS.md lists what comes of it.
//!
//! What happens is counted where it happens. What stands somewhere (a backlog, a file's size) is looked at when somebody
//! asks, and costs nothing otherwise.

mod process;
mod sqlite;

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::future::join_all;
use prometheus::{
    Encoder, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder, core::Collector,
};

use crate::{Service, config::DatabaseConfig, db};

/// Seconds from half a millisecond to a minute: for requests, steps and commits alike.
pub const SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// Sizes of batches, from one to some thousands.
pub const BATCH_SIZES: &[f64] = &[1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 2_500.0];

/// The registry. Clones share it. A metric is registered once, at start, and its handle kept; registering a
/// name twice is a mistake in the program and panics.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    looks: Arc<Mutex<Vec<Look>>>,
}

/// Brings some metrics up to date.
type Look = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

impl Metrics {
    /// A registry with `orderflow_build_info` and what the operating system says about the process.
    pub fn new(service: Service) -> Self {
        let metrics = Self { registry: Arc::default(), looks: Arc::default() };
        let labels = ["service", "version"];
        let build = metrics.gauge_vec("orderflow_build_info", "Always 1; labels say what runs", &labels);
        build.with_label_values(&[service.name(), env!("CARGO_PKG_VERSION")]).set(1);
        metrics.register(process::ProcessCollector::new());
        metrics
    }

    pub fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.register(IntCounter::new(name, help).expect(VALID))
    }

    pub fn counter_vec(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.register(IntCounterVec::new(Opts::new(name, help), labels).expect(VALID))
    }

    pub fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.register(IntGauge::new(name, help).expect(VALID))
    }

    pub fn gauge_vec(&self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        self.register(IntGaugeVec::new(Opts::new(name, help), labels).expect(VALID))
    }

    pub fn float_gauge(&self, name: &str, help: &str) -> Gauge {
        self.register(Gauge::new(name, help).expect(VALID))
    }

    pub fn float_gauge_vec(&self, name: &str, help: &str, labels: &[&str]) -> GaugeVec {
        self.register(GaugeVec::new(Opts::new(name, help), labels).expect(VALID))
    }

    /// `buckets` are upper bounds in the metric's unit, such as [`SECONDS`] or [`BATCH_SIZES`].
    pub fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Histogram {
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        self.register(Histogram::with_opts(options).expect(VALID))
    }

    pub fn histogram_vec(&self, name: &str, help: &str, labels: &[&str], buckets: &[f64]) -> HistogramVec {
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        self.register(HistogramVec::new(options, labels).expect(VALID))
    }

    /// Registers a collector of the service's own, and gives it back.
    pub fn register<C: Collector + Clone + 'static>(&self, collector: C) -> C {
        self.registry.register(Box::new(collector.clone())).expect("a metric's name is registered once");
        collector
    }

    /// Adds the sizes of an SQLite database's files; with any other database there are none.
    pub fn sqlite_files(&self, config: &DatabaseConfig) {
        if let Some(file) = db::sqlite_file(config) {
            self.register(sqlite::SqliteCollector::new(&file));
        }
    }

    /// Has something looked at each time before the metrics are read. It has to end by itself soon: whoever asks waits
    /// for it.
    pub fn before_reading<F, R>(&self, look: F)
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let look: Look = Arc::new(move || Box::pin(look()));
        self.looks.lock().unwrap_or_else(PoisonError::into_inner).push(look);
    }

    /// All metrics in Prometheus text format, as they are now.
    pub async fn read(&self) -> String {
        let looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        join_all(looks.iter().map(|look| look())).await;
        self.encode()
    }

    /// The same without a further look.
    pub fn encode(&self) -> String {
        let mut text = Vec::with_capacity(16 * 1_024);
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::error!(%error, "metrics can't be encoded");
        }
        String::from_utf8(text).unwrap_or_default()
    }

    /// The content type of [`encode`](Self::encode).
    pub const CONTENT_TYPE: &'static str = prometheus::TEXT_FORMAT;
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Metrics").finish_non_exhaustive()
    }
}

const VALID: &str = "a metric's name and labels are valid: they are constants";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_in_the_text() {
        let metrics = Metrics::new(Service::OrderApi);
        metrics
            .counter_vec("orderflow_test_total", "Tests", &["kind"])
            .with_label_values(&["unit"])
            .inc_by(3);
        metrics.histogram("orderflow_test_seconds", "Time", SECONDS).observe(0.2);
        let text = metrics.encode();
        assert!(text.contains("orderflow_test_total{kind=\"unit\"} 3"), "{text}");
        assert!(text.contains("orderflow_test_seconds_bucket{le=\"0.25\"} 1"), "{text}");
        assert!(text.contains("orderflow_build_info{service=\"order-api\""), "{text}");
    }

    #[tokio::test]
    async fn what_stands_somewhere_is_looked_at_when_somebody_asks() {
        let metrics = Metrics::new(Service::OrderApi);
        let gauge = metrics.gauge("orderflow_test_things", "Things");
        metrics.before_reading(move || {
            let gauge = gauge.clone();
            async move { gauge.inc() }
        });
        assert!(metrics.encode().contains("orderflow_test_things 0"));
        assert!(metrics.read().await.contains("orderflow_test_things 1"));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_process_is_described() {
        let text = Metrics::new(Service::OrderApi).encode();
        let line = text.lines().find(|line| line.starts_with("process_resident_memory_bytes ")).unwrap();
        assert!(line.rsplit(' ').next().unwrap().parse::<f64>().unwrap() > 1e6);
        assert!(text.contains("process_open_fds "));
    }
}
