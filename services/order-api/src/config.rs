//! The settings of order-api. What each means is in `config.default.toml`.

use std::{path::Path, time::Duration};

use anyhow::ensure;
use runtime::{
    Service,
    config::{self, DatabaseConfig, HttpConfig, LifecycleConfig, RedisConfig, TelemetryConfig},
};
use serde::Deserialize;

pub use crate::webhooks::{Secret, WebhooksConfig};

const DEFAULTS: &str = include_str!("../config.default.toml");

/// Bind variables of one statement are limited (SQLite: 32,766), and an order has a dozen.
const MOST_BATCH: usize = 2_000;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub instance: String,
    pub http: HttpConfig,
    pub redis: RedisConfig,
    pub database: DatabaseConfig,
    pub telemetry: TelemetryConfig,
    pub lifecycle: LifecycleConfig,
    pub intake: IntakeConfig,
    pub relay: RelayConfig,
    pub events: EventsConfig,
    pub heal: HealConfig,
    pub retention: RetentionConfig,
    pub catalog: CatalogConfig,
    pub webhooks: WebhooksConfig,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntakeConfig {
    pub queue: usize,
    pub batch: usize,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelayConfig {
    pub batch: usize,
    pub sweep_interval_ms: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventsConfig {
    pub batch: usize,
    pub max_streams: usize,
    pub heartbeat_ms: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealConfig {
    pub interval_ms: u64,
    pub age_ms: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionConfig {
    pub interval_ms: u64,
    pub idempotency_key_hours: u32,
    pub final_order_days: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogConfig {
    pub mode: CatalogMode,
}

/// Whether orders are checked against the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CatalogMode {
    Off,
    Strict,
}

impl Config {
    /// Reads all layers.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        let mut config: Self = config::load(Service::OrderApi, DEFAULTS, file)?;
        config.instance = config::instance_or_host_name(&config.instance);
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> anyhow::Result<()> {
        for (name, batch) in [
            ("intake.batch", self.intake.batch),
            ("relay.batch", self.relay.batch),
            ("events.batch", self.events.batch),
        ] {
            ensure!((1..=MOST_BATCH).contains(&batch), "{name} must be 1 to {MOST_BATCH}");
        }
        ensure!(
            (MAX_BATCH_ORDERS..=1_000_000).contains(&self.intake.queue),
            "intake.queue must be {MAX_BATCH_ORDERS} to 1000000: a whole batch of orders must fit in"
        );
        ensure!(
            (100..=600_000).contains(&self.events.heartbeat_ms),
            "events.heartbeat_ms must be 100 to 600000"
        );
        self.retention.check()?;
        self.webhooks.check()?;
        ensure!(self.redis.partitions >= 1, "redis.partitions must be at least 1");
        ensure!(
            self.http.request_timeout_ms > u64::from(MAX_WAIT_SECS) * 1_000,
            "http.request_timeout_ms must be above {MAX_WAIT_SECS}000, the longest ?wait="
        );
        Ok(())
    }
}

impl RetentionConfig {
    fn check(&self) -> anyhow::Result<()> {
        ensure!(
            (1_000..=3_600_000).contains(&self.interval_ms),
            "retention.interval_ms must be 1000 to 3600000"
        );
        ensure!(
            (1..=8_760).contains(&self.idempotency_key_hours),
            "retention.idempotency_key_hours must be 1 to 8760"
        );
        ensure!(self.final_order_days <= 36_500, "retention.final_order_days must be 0 to 36500");
        Ok(())
    }

    pub(crate) const fn interval(&self) -> Duration {
        Duration::from_millis(self.interval_ms)
    }

    pub(crate) const fn idempotency_keys(&self) -> Duration {
        Duration::from_hours(self.idempotency_key_hours as u64)
    }

    /// `None`: for ever.
    pub(crate) fn final_orders(&self) -> Option<Duration> {
        (self.final_order_days > 0).then(|| Duration::from_hours(24 * u64::from(self.final_order_days)))
    }
}

/// Most orders of one `POST /orders/batch`.
pub const MAX_BATCH_ORDERS: usize = 1_000;

/// Longest `?wait=`, in seconds.
pub const MAX_WAIT_SECS: u32 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut Config);

    #[test]
    fn the_defaults_are_valid_and_each_mistake_has_its_sentence() {
        let config = Config::load(None).unwrap();
        assert!(!config.instance.is_empty());
        let changes: [(Change, &str); 14] = [
            (|config| config.intake.batch = 0, "intake.batch"),
            (|config| config.events.batch = 2_001, "events.batch"),
            (|config| config.events.heartbeat_ms = 99, "events.heartbeat_ms"),
            (|config| config.intake.queue = 999, "intake.queue"),
            (|config| config.retention.interval_ms = 999, "retention.interval_ms"),
            (|config| config.retention.idempotency_key_hours = 0, "retention.idempotency_key_hours"),
            (|config| config.retention.final_order_days = 36_501, "retention.final_order_days"),
            (|config| config.redis.partitions = 0, "redis.partitions"),
            (|config| "whsec_short".clone_into(&mut config.webhooks.secret.0), "webhooks.secret"),
            (|config| "https://example.com".clone_into(&mut config.webhooks.url), "webhooks.url needs"),
            (|config| "ftp://example.com".clone_into(&mut config.webhooks.url), "webhooks.url"),
            (
                |config| "order.placed".clone_into(&mut config.webhooks.events[0]),
                "webhooks.events: order.placed",
            ),
            (|config| config.webhooks.per_receiver = 65, "webhooks.per_receiver"),
            (|config| config.http.request_timeout_ms = 60_000, "http.request_timeout_ms"),
        ];
        for (change, name) in changes {
            let mut changed = config.clone();
            change(&mut changed);
            let error = changed.check().unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
    }
}
