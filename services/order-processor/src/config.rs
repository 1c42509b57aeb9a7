//! The settings of order-processor. What each means is in `config.default.toml`.

mod check;

use std::{path::Path, time::Duration};

use anyhow::ensure;
use reqwest::Url;
use runtime::{
    Service,
    backoff::Backoff,
    config::{self, DatabaseConfig, HttpConfig, LifecycleConfig, RedisConfig, TelemetryConfig},
};
use serde::Deserialize;

const DEFAULTS: &str = include_str!("../config.default.toml");

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
    pub janitor_interval_ms: u64,
    pub retire_idle_ms: u64,
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
    pub stock_release_url: String,
    pub payment_refund_url: String,
    pub fulfilment_cancel_url: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerConfig {
    pub batch: usize,
    pub keep_days: u32,
    pub prune_interval_ms: u64,
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
}

impl ProcessorConfig {
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

    pub(crate) const fn janitor_interval(&self) -> Duration {
        Duration::from_millis(self.janitor_interval_ms)
    }

    pub(crate) const fn retire_idle(&self) -> Duration {
        Duration::from_millis(self.retire_idle_ms)
    }

    pub(crate) const fn retry_backoff(&self) -> Backoff {
        Backoff::new(Duration::from_millis(self.retry_base_ms), Duration::from_millis(self.retry_cap_ms))
    }
}

impl LedgerConfig {
    /// `None`: for ever.
    pub(crate) fn keep(&self) -> Option<Duration> {
        (self.keep_days > 0).then(|| Duration::from_hours(24 * u64::from(self.keep_days)))
    }

    pub(crate) const fn prune_interval(&self) -> Duration {
        Duration::from_millis(self.prune_interval_ms)
    }
}

impl PipelineConfig {
    pub(crate) const fn step_timeout(&self) -> Duration {
        Duration::from_millis(self.step_timeout_ms)
    }

    /// What works and may all the same not be what was meant; a sentence.
    pub(crate) fn warning(&self) -> Option<&'static str> {
        let not_refunded = self.mode == Mode::Http && self.http.payment_refund_url.trim().is_empty();
        not_refunded.then_some(
            "pipeline.http.payment_refund_url is empty: the payment of an order that fails afterwards is not refunded",
        )
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

    fn defaults() -> Config {
        Config::load(None).unwrap()
    }

    #[test]
    fn the_readers_of_all_partitions_together_leave_no_one_without_a_slot() {
        for (partitions, expected) in [(1, 128), (2, 64), (5, 25), (128, 1)] {
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
