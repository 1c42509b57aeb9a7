//! The settings of metrics-service. What each means is in `config.default.toml`.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, ensure};
use reqwest::Url;
use runtime::{
    Service,
    config::{self, DatabaseConfig, HttpConfig, LifecycleConfig, RedisConfig, TelemetryConfig},
};
use serde::Deserialize;

use crate::dashboard::{AdminKey, SHORTEST_ADMIN_KEY};

const DEFAULTS: &str = include_str!("../config.default.toml");

/// As many entries as one read of a pending list gives.
const MOST_BATCH: usize = 1_000;
/// Each holds a connection.
const MOST_STREAMS: usize = 1_000;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub instance: String,
    pub http: HttpConfig,
    pub redis: RedisConfig,
    pub database: DatabaseConfig,
    pub telemetry: TelemetryConfig,
    pub lifecycle: LifecycleConfig,
    pub projection: ProjectionConfig,
    pub dashboard: DashboardConfig,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectionConfig {
    pub batch: usize,
    pub snapshot_interval_ms: u64,
    pub watch_interval_ms: u64,
    pub keep_hours: u32,
    pub reload_interval_ms: u64,
    pub order_api_url: String,
    pub rebuild_again_ms: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DashboardConfig {
    pub admin_key: AdminKey,
    pub streams: usize,
}

impl Config {
    /// Reads all layers.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        let mut config: Self = config::load(Service::MetricsService, DEFAULTS, file)?;
        config.instance = config::instance_or_host_name(&config.instance);
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> anyhow::Result<()> {
        let projection = &self.projection;
        ensure!((1..=MOST_BATCH).contains(&projection.batch), "projection.batch must be 1 to {MOST_BATCH}");
        ensure!(
            projection.snapshot_interval_ms >= 10,
            "projection.snapshot_interval_ms must be at least 10: Redis has other things to do"
        );
        ensure!(
            projection.watch_interval_ms >= projection.snapshot_interval_ms,
            "projection.watch_interval_ms must not be below projection.snapshot_interval_ms"
        );
        ensure!(
            projection.keep_hours >= 1,
            "projection.keep_hours must be at least 1: rates look 15 minutes back"
        );
        ensure!(projection.reload_interval_ms >= 100, "projection.reload_interval_ms must be at least 100");
        projection.order_api().context("projection.order_api_url is no address")?;
        ensure!(self.redis.partitions >= 1, "redis.partitions must be at least 1");
        ensure!(
            self.dashboard.admin_key.is_none_or_long_enough(),
            "dashboard.admin_key must have at least {SHORTEST_ADMIN_KEY} characters, or none"
        );
        ensure!(
            (1..=MOST_STREAMS).contains(&self.dashboard.streams),
            "dashboard.streams must be 1 to {MOST_STREAMS}"
        );
        Ok(())
    }
}

impl ProjectionConfig {
    pub(crate) const fn snapshot_interval(&self) -> Duration {
        Duration::from_millis(self.snapshot_interval_ms)
    }

    pub(crate) const fn watch_interval(&self) -> Duration {
        Duration::from_millis(self.watch_interval_ms)
    }

    pub(crate) const fn keep(&self) -> Duration {
        Duration::from_secs(self.keep_hours as u64 * 3_600)
    }

    pub(crate) const fn reload_interval(&self) -> Duration {
        Duration::from_millis(self.reload_interval_ms)
    }

    pub(crate) const fn rebuild_again(&self) -> Duration {
        Duration::from_millis(self.rebuild_again_ms)
    }

    /// Where order-api is; `None` where it is never to be asked.
    pub(crate) fn order_api(&self) -> anyhow::Result<Option<Url>> {
        let text = self.order_api_url.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let url = Url::parse(text)?;
        ensure!(matches!(url.scheme(), "http" | "https"), "it must begin with http:// or https://");
        Ok(Some(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut Config);

    #[test]
    fn the_defaults_are_valid_and_each_mistake_has_its_sentence() {
        let config = Config::load(None).unwrap();
        assert!(!config.instance.is_empty());
        let changes: [(Change, &str); 12] = [
            (|config| config.projection.batch = 0, "projection.batch"),
            (|config| config.projection.batch = 1_001, "projection.batch"),
            (|config| config.projection.snapshot_interval_ms = 0, "projection.snapshot_interval_ms"),
            (|config| config.projection.watch_interval_ms = 249, "projection.watch_interval_ms"),
            (|config| config.projection.keep_hours = 0, "projection.keep_hours"),
            (|config| config.projection.reload_interval_ms = 0, "projection.reload_interval_ms"),
            (|config| config.projection.order_api_url = "api:8000".into(), "projection.order_api_url"),
            (|config| config.projection.order_api_url = "api".into(), "projection.order_api_url"),
            (|config| config.redis.partitions = 0, "redis.partitions"),
            (|config| config.dashboard.admin_key = "too short".into(), "dashboard.admin_key"),
            (|config| config.dashboard.streams = 0, "dashboard.streams"),
            (|config| config.dashboard.streams = 1_001, "dashboard.streams"),
        ];
        for (change, name) in changes {
            let mut changed = config.clone();
            change(&mut changed);
            let error = changed.check().unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
    }
}
