//! What settings must be, alone and next to each other: refused at start with a sentence that names the key.

use anyhow::{Context as _, ensure};

use super::{
    Config, LedgerConfig, Mode, PipelineConfig, ProcessorConfig, SimulatedConfig, StepUrls, step_url,
};

/// A worker that lives asks for something every other second at least, but its machine may pause.
const SHORTEST_RETIRE_IDLE_MS: u64 = 60_000;

/// A worker shows three times in this that it lives; a machine that pauses for a third of a second is not dead.
const SHORTEST_RECLAIM_IDLE_MS: u64 = 1_000;

impl Config {
    pub(super) fn check(&self) -> anyhow::Result<()> {
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
        self.ledger.check()?;
        Ok(())
    }
}

impl ProcessorConfig {
    fn check(&self) -> anyhow::Result<()> {
        ensure!((1..=10_000).contains(&self.concurrency), "processor.concurrency must be 1 to 10000");
        ensure!((1..=256).contains(&self.batch), "processor.batch must be 1 to 256");
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
        ensure!(
            (100..=3_600_000).contains(&self.janitor_interval_ms),
            "processor.janitor_interval_ms must be 100 to 3600000"
        );
        ensure!(
            self.retire_idle_ms >= SHORTEST_RETIRE_IDLE_MS,
            "processor.retire_idle_ms must be at least {SHORTEST_RETIRE_IDLE_MS}: a worker that lives must not be taken \
             for gone"
        );
        Ok(())
    }
}

impl LedgerConfig {
    fn check(&self) -> anyhow::Result<()> {
        ensure!((1..=1_000).contains(&self.batch), "ledger.batch must be 1 to 1000");
        ensure!(self.keep_days <= 36_500, "ledger.keep_days must be 0 to 36500");
        ensure!(
            (1_000..=86_400_000).contains(&self.prune_interval_ms),
            "ledger.prune_interval_ms must be 1000 to 86400000"
        );
        Ok(())
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
            ("stock_release_url", &self.stock_release_url),
            ("payment_refund_url", &self.payment_refund_url),
            ("fulfilment_cancel_url", &self.fulfilment_cancel_url),
        ] {
            // Not the URL itself: it may hold a password.
            step_url(url).with_context(|| format!("pipeline.http.{name} can't be used"))?;
        }
        Ok(())
    }
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
        assert_eq!((config.processor.concurrency, config.processor.batch), (128, 128));
        let changes: [Change; 5] = [
            |config| config.processor.batch = 1,
            |config| config.processor.batch = 256,
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
        let changes: [(Change, &str); 24] = [
            (|config| config.redis.partitions = 0, "redis.partitions"),
            (|config| config.redis.partitions = 129, "processor.concurrency"),
            (|config| config.processor.concurrency = 0, "processor.concurrency"),
            (|config| config.processor.batch = 0, "processor.batch"),
            (|config| config.processor.batch = 257, "processor.batch"),
            (|config| config.processor.reclaim_idle_ms = 999, "processor.reclaim_idle_ms"),
            (|config| config.processor.promote_interval_ms = 0, "processor.promote_interval_ms"),
            (|config| config.processor.max_attempts = 0, "processor.max_attempts"),
            (|config| config.processor.retry_base_ms = 0, "processor.retry_base_ms"),
            (|config| config.processor.retry_cap_ms = 499, "processor.retry_cap_ms"),
            (|config| config.processor.janitor_interval_ms = 99, "processor.janitor_interval_ms"),
            (|config| config.processor.retire_idle_ms = 59_999, "processor.retire_idle_ms"),
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
                    config.pipeline.http.payment_refund_url = "refund".into();
                },
                "pipeline.http.payment_refund_url",
            ),
            (
                |config| {
                    with_http(config);
                    config.processor.reclaim_idle_ms = config.pipeline.step_timeout_ms;
                },
                "processor.reclaim_idle_ms",
            ),
            (|config| config.ledger.batch = 0, "ledger.batch"),
            (|config| config.ledger.keep_days = 36_501, "ledger.keep_days"),
            (|config| config.ledger.prune_interval_ms = 999, "ledger.prune_interval_ms"),
        ];
        for (change, name) in changes {
            let mut changed = defaults();
            change(&mut changed);
            let error = changed.check().unwrap_err().to_string();
            assert!(error.starts_with(name), "{name}: {error}");
        }
    }

    #[test]
    fn a_payment_that_nobody_refunds_is_worth_a_warning() {
        let mut config = defaults();
        assert_eq!(config.pipeline.warning(), None);
        with_http(&mut config);
        assert!(config.pipeline.warning().is_some_and(|text| text.contains("payment_refund_url")));
        config.pipeline.http.payment_refund_url = "https://pay.example/refund".into();
        config.check().unwrap();
        assert_eq!(config.pipeline.warning(), None);
    }

    #[test]
    fn a_url_that_is_refused_is_not_shown() {
        let mut config = defaults();
        with_http(&mut config);
        config.pipeline.http.stock_url = "htp://user:secret@host/".into();
        let error = format!("{:#}", config.check().unwrap_err());
        assert!(error.contains("http://") && !error.contains("secret"), "{error}");
    }
}
