//! The settings of webhooks. What each means is in `config.default.toml`.

use std::{fmt, time::Duration};

use anyhow::{Context, ensure};
use contract::EventKind;
use serde::Deserialize;

use super::{callback::Callback, signature::Secrets};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhooksConfig {
    pub secret: Secret,
    pub url: String,
    pub events: Vec<String>,
    pub retry_hours: u32,
    pub first_retry_ms: u64,
    pub timeout_ms: u64,
    pub concurrency: usize,
    pub per_receiver: usize,
    pub allow_private: bool,
    pub keep_days: u32,
}

/// A text that no log shows.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl WebhooksConfig {
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let secrets = self.secrets()?;
        let callback = self.callback()?;
        self.kinds()?;
        ensure!(callback.is_none() || secrets.is_some(), "webhooks.url needs webhooks.secret");
        ensure!((1..=720).contains(&self.retry_hours), "webhooks.retry_hours must be 1 to 720");
        ensure!(
            (10..=3_600_000).contains(&self.first_retry_ms),
            "webhooks.first_retry_ms must be 10 to 3600000"
        );
        ensure!((100..=60_000).contains(&self.timeout_ms), "webhooks.timeout_ms must be 100 to 60000");
        ensure!((1..=1_000).contains(&self.concurrency), "webhooks.concurrency must be 1 to 1000");
        ensure!(
            (1..=self.concurrency).contains(&self.per_receiver),
            "webhooks.per_receiver must be 1 to webhooks.concurrency"
        );
        ensure!((1..=3_650).contains(&self.keep_days), "webhooks.keep_days must be 1 to 3650");
        Ok(())
    }

    /// None: webhooks are off.
    pub(super) fn secrets(&self) -> anyhow::Result<Option<Secrets>> {
        Secrets::parse(&self.secret.0).context("webhooks.secret")
    }

    /// For orders that name none.
    pub(super) fn callback(&self) -> anyhow::Result<Option<Callback>> {
        let url = self.url.trim();
        (!url.is_empty()).then(|| Callback::parse(url)).transpose().context("webhooks.url")
    }

    pub(super) fn kinds(&self) -> anyhow::Result<Vec<EventKind>> {
        let kind = |name: &String| {
            // That an order was placed is its client told already.
            let kind = EventKind::from_type(name).filter(|kind| *kind != EventKind::Placed);
            kind.with_context(|| format!("webhooks.events: {name} is no event that can be told"))
        };
        self.events.iter().map(kind).collect()
    }

    pub(super) const fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    pub(crate) const fn kept(&self) -> Duration {
        Duration::from_hours(24 * self.keep_days as u64)
    }
}
