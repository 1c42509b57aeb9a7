//! The settings of order-processor. What each means is in `config.default.toml`.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, ensure};
use reqwest::Url;
use runtime::{
    Service,
    backoff::Backoff,
    config::{self, DatabaseConfig, HttpConfig, LifecycleConfig, RedisConfig, TelemetryConfig},
};
use serde::Deserialize;

const DEFAULTS: &str = include_str!("../config.default.toml");

/// A worker shows three times in this that it lives; a machine that pauses for a third of a second is not dead.
const SHORTEST_RECLAIM_IDLE_MS: u64 = 1_000;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub instance: String,
    pub http: HttpConfig,
    pub redis: RedisConfig,
    pub database: DatabaseConfig,
    pub telemetry: TelemetryConfig,
    pub lifecycle: LifecycleConfig,
    pub processor: ProcessorConfig,
    pub pipeline: PipelineConfig,
    pub ledger: LedgerConfig,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessorConfig {
    pub concurrency: usize,
    pub batch: usize,
    pub reclaim_idle_ms: u64,
    pub promote_interval_ms: u64,
    pub max_attempts: u32,
    pub retry_base_ms: u64,
    pub retry_cap_ms: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineConfig {
    pub mode: Mode,
    pub step_timeout_ms: u64,
    pub simulated: SimulatedConfig,
    pub http: StepUrls,
}

/// Who answers for the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    Simulated,
    Http,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulatedConfig {
    pub latency_ms: u64,
    pub failure_rate: f64,
    pub unavailable_rate: f64,
    pub seed: i64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepUrls {
    pub stock_url: String,
    pub payment_url: String,
    pub fulfilment_url: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerConfig {
    pub batch: usize,
}

impl Config {
    /// Reads all layers.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        let mut config: Self = config::load(Service::OrderProcessor, DEFAULTS, file)?;
        config.instance = config::instance_or_host_name(&config.instance);
        config.check()?;
        Ok(config)
    }

    /// Most orders that one partition's reader takes at once: all of them together never wait with every slot in hand.
    pub(crate) fn batch_of_partition(&self) -> usize {
        let share = self.processor.concurrency / usize::from(self.redis.partitions.max(1));
        self.processor.batch.min(share).max(1)
    }

    fn check(&self) -> anyhow::Result<()> {
        ensure!(self.redis.partitions >= 1, "redis.partitions must be at least 1");
        self.processor.check()?;
        ensure!(
            self.processor.concurrency >= usize::from(self.redis.partitions),
            "processor.concurrency must not be below redis.partitions: each partition needs a slot"
        );
        self.pipeline.check()?;
        if self.pipeline.mode == Mode::Http {
            ensure!(
                self.processor.reclaim_idle_ms > self.pipeline.step_timeout_ms,
                "processor.reclaim_idle_ms must be above pipeline.step_timeout_ms: a step that is slow is not dead"
            );
        }
        ensure!((1..=1_000).contains(&self.ledger.batch), "ledger.batch must be 1 to 1000");
        Ok(())
    }
}

impl ProcessorConfig {
    fn check(&self) -> anyhow::Result<()> {
        ensure!((1..=10_000).contains(&self.concurrency), "processor.concurrency must be 1 to 10000");
        ensure!((1..=50).contains(&self.batch), "processor.batch must be 1 to 50");
        ensure!(
            self.reclaim_idle_ms >= SHORTEST_RECLAIM_IDLE_MS,
            "processor.reclaim_idle_ms must be at least {SHORTEST_RECLAIM_IDLE_MS}: a worker shows three times in it \
             that it lives, and a short pause of its machine must not look like its death"
        );
        ensure!(
            (10..=60_000).contains(&self.promote_interval_ms),
            "processor.promote_interval_ms must be 10 to 60000"
        );
        ensure!((1..=100).contains(&self.max_attempts), "processor.max_attempts must be 1 to 100");
        ensure!(self.retry_base_ms >= 1, "processor.retry_base_ms must be at least 1");
        ensure!(
            self.retry_cap_ms >= self.retry_base_ms,
            "processor.retry_cap_ms must not be below processor.retry_base_ms"
        );
        Ok(())
    }

    pub(crate) const fn reclaim_idle(&self) -> Duration {
        Duration::from_millis(self.reclaim_idle_ms)
    }

    /// How often a worker shows that it lives, and looks for those that don't.
    pub(crate) const fn heartbeat_interval(&self) -> Duration {
        Duration::from_millis(self.reclaim_idle_ms / 3)
    }

    pub(crate) const fn promote_interval(&self) -> Duration {
        Duration::from_millis(self.promote_interval_ms)
    }

    pub(crate) const fn retry_backoff(&self) -> Backoff {
        Backoff::new(Duration::from_millis(self.retry_base_ms), Duration::from_millis(self.retry_cap_ms))
    }
}

impl PipelineConfig {
    fn check(&self) -> anyhow::Result<()> {
        let SimulatedConfig { failure_rate, unavailable_rate, .. } = self.simulated;
        for (name, rate) in [("failure_rate", failure_rate), ("unavailable_rate", unavailable_rate)] {
            ensure!((0.0..=1.0).contains(&rate), "pipeline.simulated.{name} must be 0.0 to 1.0");
        }
        ensure!(
            (1..=600_000).contains(&self.step_timeout_ms),
            "pipeline.step_timeout_ms must be 1 to 600000"
        );
        if self.mode == Mode::Http {
            self.http.check()?;
        }
        Ok(())
    }

    pub(crate) const fn step_timeout(&self) -> Duration {
        Duration::from_millis(self.step_timeout_ms)
    }
}

impl StepUrls {
    fn check(&self) -> anyhow::Result<()> {
        for (name, url) in [("stock_url", &self.stock_url), ("payment_url", &self.payment_url)] {
            ensure!(
                !url.trim().is_empty(),
                "pipeline.http.{name} is missing: pipeline.mode = \"http\" needs it"
            );
        }
        for (name, url) in [
            ("stock_url", &self.stock_url),
            ("payment_url", &self.payment_url),
            ("fulfilment_url", &self.fulfilment_url),
        ] {
            // Not the URL itself: it may hold a password.
            step_url(url).with_context(|| format!("pipeline.http.{name} can't be used"))?;
        }
        Ok(())
    }
}

/// The address of a step; `None` where it is empty.
pub(crate) fn step_url(text: &str) -> anyhow::Result<Option<Url>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let url = Url::parse(text)?;
    ensure!(matches!(url.scheme(), "http" | "https"), "it must begin with http:// or https://");
    Ok(Some(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut Config);

    fn defaults() -> Config {
        Config::load(None).unwrap()
    }

    fn with_http(config: &mut Config) {
        config.pipeline.mode = Mode::Http;
        config.pipeline.http.stock_url = "http://127.0.0.1:9001/reserve".into();
        config.pipeline.http.payment_url = "https://user:secret@pay.example/authorise".into();
    }

    #[test]
    fn the_defaults_are_valid_and_so_are_the_limits() {
        let config = defaults();
        assert!(!config.instance.is_empty());
        assert_eq!((config.processor.concurrency, config.processor.batch), (32, 32));
        let changes: [Change; 5] = [
            |config| config.processor.batch = 1,
            |config| config.processor.batch = 50,
            |config| config.pipeline.simulated.failure_rate = 1.0,
            |config| config.processor.reclaim_idle_ms = 1_000,
            with_http,
        ];
        for change in changes {
            let mut changed = config.clone();
            change(&mut changed);
            changed.check().unwrap();
        }
    }

    #[test]
    fn each_mistake_has_its_sentence() {
        let changes: [(Change, &str); 19] = [
            (|config| config.redis.partitions = 0, "redis.partitions"),
            (|config| config.redis.partitions = 33, "processor.concurrency"),
            (|config| config.processor.concurrency = 0, "processor.concurrency"),
            (|config| config.processor.batch = 0, "processor.batch"),
            (|config| config.processor.batch = 51, "processor.batch"),
            (|config| config.processor.reclaim_idle_ms = 999, "processor.reclaim_idle_ms"),
            (|config| config.processor.promote_interval_ms = 0, "processor.promote_interval_ms"),
            (|config| config.processor.max_attempts = 0, "processor.max_attempts"),
            (|config| config.processor.retry_base_ms = 0, "processor.retry_base_ms"),
            (|config| config.processor.retry_cap_ms = 499, "processor.retry_cap_ms"),
            (|config| config.pipeline.simulated.failure_rate = 1.01, "pipeline.simulated.failure_rate"),
            (|config| config.pipeline.simulated.failure_rate = f64::NAN, "pipeline.simulated.failure_rate"),
            (
                |config| config.pipeline.simulated.unavailable_rate = -0.1,
                "pipeline.simulated.unavailable_rate",
            ),
            (|config| config.pipeline.step_timeout_ms = 0, "pipeline.step_timeout_ms"),
            (|config| config.pipeline.mode = Mode::Http, "pipeline.http.stock_url"),
            (
                |config| {
                    with_http(config);
                    config.pipeline.http.payment_url = " ".into();
                },
                "pipeline.http.payment_url",
            ),
            (
                |config| {
                    with_http(config);
                    config.pipeline.http.fulfilment_url = "ftp://host/".into();
                },
                "pipeline.http.fulfilment_url",
            ),
            (
                |config| {
                    with_http(config);
                    config.processor.reclaim_idle_ms = config.pipeline.step_timeout_ms;
                },
                "processor.reclaim_idle_ms",
            ),
            (|config| config.ledger.batch = 0, "ledger.batch"),
        ];
        for (change, name) in changes {
            let mut changed = defaults();
            change(&mut changed);
            let error = changed.check().unwrap_err().to_string();
            assert!(error.starts_with(name), "{name}: {error}");
        }
    }

    #[test]
    fn a_url_that_is_refused_is_not_shown() {
        let mut config = defaults();
        with_http(&mut config);
        config.pipeline.http.stock_url = "htp://user:secret@host/".into();
        let error = format!("{:#}", config.check().unwrap_err());
        assert!(error.contains("http://") && !error.contains("secret"), "{error}");
    }

    #[test]
    fn the_readers_of_all_partitions_together_leave_no_one_without_a_slot() {
        for (partitions, expected) in [(1, 32), (2, 16), (5, 6), (32, 1)] {
            let mut config = defaults();
            config.redis.partitions = partitions;
            assert_eq!(config.batch_of_partition(), expected);
        }
        let mut config = defaults();
        config.processor.concurrency = 1;
        assert_eq!(config.batch_of_partition(), 1);
    }

    #[test]
    fn a_worker_shows_three_times_that_it_lives_before_it_is_taken_for_dead() {
        let processor = defaults().processor;
        assert!(processor.heartbeat_interval() * 3 <= processor.reclaim_idle());
    }
}
