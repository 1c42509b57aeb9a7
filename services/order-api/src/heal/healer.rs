//! When to look: at the alarm, at the start if a loss is still noted, and now and then.

use std::{sync::Arc, time::Duration};

use runtime::{backoff::Backoff, lifecycle::Shutdown, outage::Outage};
use tokio::{sync::Notify, time::MissedTickBehavior};

use super::sweep::{SweepError, Sweeper};
use crate::{config::HealConfig, outbox};

/// Raised by whoever has noted a loss in the database. Clones are the same alarm.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alarm(Arc<Notify>);

impl Alarm {
    pub(crate) fn raise(&self) {
        self.0.notify_one();
    }
}

pub(crate) struct Healer {
    sweeper: Sweeper,
    alarm: Alarm,
    interval: Duration,
    age: Duration,
}

impl Healer {
    pub(crate) fn new(sweeper: Sweeper, alarm: Alarm, config: &HealConfig) -> Self {
        let interval = Duration::from_millis(config.interval_ms.max(100));
        Self { sweeper, alarm, interval, age: Duration::from_millis(config.age_ms) }
    }

    /// Runs until the shutdown drains; a sweep that is cut short is begun anew by the next start.
    pub(crate) async fn run(self, shutdown: Shutdown) -> Result<(), SweepError> {
        let draining = shutdown.draining();
        let healing = async {
            let (mut backoff, mut outage) = (Backoff::reconnect(), Outage::new("healing"));
            let mut slow = tokio::time::interval(self.interval);
            slow.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                match self.heal_losses().await {
                    Ok(()) => {
                        outage.recovered();
                        backoff.reset();
                    }
                    Err(error) => {
                        outage.failed(&error);
                        backoff.wait().await;
                        continue;
                    }
                }
                tokio::select! {
                    () = self.alarm.0.notified() => {}
                    _ = slow.tick() => {
                        // Redis may be away; the next turn comes soon enough.
                        if let Err(error) = self.sweeper.sweep(None, self.age).await {
                            tracing::debug!(%error, "the slow sweep was cut short");
                        }
                    }
                }
            }
        };
        tokio::select! {
            never = healing => never,
            () = draining.cancelled() => Ok(()),
        }
    }

    /// Everything that is noted as lost.
    async fn heal_losses(&self) -> Result<(), SweepError> {
        for loss in outbox::losses(&self.sweeper.database.reader).await? {
            let partition = loss.partition;
            let republished = self.sweeper.sweep(Some(partition), Duration::ZERO).await?;
            outbox::healed(&self.sweeper.database.writer, loss).await?;
            self.sweeper.metrics.healed.inc();
            tracing::info!(
                partition,
                orders = republished,
                "orders whose messages were lost are published again"
            );
        }
        Ok(())
    }
}
