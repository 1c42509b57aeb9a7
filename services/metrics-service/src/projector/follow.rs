//! One partition's events: read, apply, acknowledge, again.

use std::time::{Duration, Instant};

use runtime::{backoff::Backoff, outage::Outage};
use sea_orm::DbErr;
use streams::{Delivered, EventReader};
use tokio::time::sleep;
use tracing::Instrument;

use super::{Projectors, spans::event_spans};
use crate::loss::Trouble;

/// Longest pause between two looks at a Redis that was away.
const LONGEST_AWAY: Duration = Duration::from_secs(1);

/// The projector of one partition.
pub(super) struct Follower<'a> {
    all: &'a Projectors,
    partition: u16,
    reader: EventReader,
    /// What is read next may be of another data set than what was read before.
    in_doubt: bool,
    redis: Dependency,
    database: Dependency,
}

/// Something that may be away.
struct Dependency {
    outage: Outage,
    backoff: Backoff,
}

impl<'a> Follower<'a> {
    pub(super) fn new(all: &'a Projectors, partition: u16, reader: EventReader) -> Self {
        let (redis, database) = (Dependency::new("redis"), Dependency::new("database"));
        Self { all, partition, reader, in_doubt: true, redis, database }
    }

    /// Works until the shutdown drains, whatever is away meanwhile.
    pub(super) async fn run(mut self) {
        let draining = self.all.draining.clone();
        while !draining.is_cancelled() {
            let pause = match self.step().await {
                Ok(()) => continue,
                Err(Trouble::Redis(error)) => {
                    self.in_doubt = true;
                    let pause = self.redis.failed(&error);
                    if error.is_connection() { pause.min(LONGEST_AWAY) } else { pause }
                }
                Err(Trouble::Database(error)) => self.database.failed(&error),
            };
            draining.run_until_cancelled(sleep(pause)).await;
        }
    }

    /// Applies what comes next, if something comes within a moment. Only the waiting is cut short by the shutdown.
    async fn step(&mut self) -> Result<(), Trouble> {
        if self.in_doubt {
            // Before anything new is delivered, which would hide that less had been before.
            self.in_doubt = !self.all.losses.look(self.partition).await?;
        }
        let reading = self.reader.next(self.all.batch);
        let Some(read) = self.all.draining.run_until_cancelled(reading).await else { return Ok(()) };
        let batch = read.map_err(Trouble::Redis)?;
        self.redis.recovered();
        if batch.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.apply(&batch).await {
            self.reader.rewind();
            return Err(Trouble::Database(error));
        }
        self.database.recovered();
        let ids: Vec<_> = batch.iter().map(|delivered| delivered.id).collect();
        if let Err(error) = self.reader.ack(&ids).await {
            // They come again, are found applied, and are acknowledged then.
            self.reader.rewind();
            return Err(Trouble::Redis(error));
        }
        Ok(())
    }

    async fn apply(&self, batch: &[Delivered]) -> Result<(), DbErr> {
        let span = tracing::debug_span!(
            "projection.apply",
            stream.partition = self.partition,
            batch.size = batch.len()
        );
        let events = event_spans(&span, batch);
        let started = Instant::now();
        let applied = self.all.projection.apply(self.partition, batch).instrument(span).await?;
        self.all.metrics.applied(&applied, started.elapsed());
        self.all.metrics.show(&self.all.projection);
        drop(events);
        Ok(())
    }
}

impl Dependency {
    const fn new(name: &'static str) -> Self {
        Self { outage: Outage::new(name), backoff: Backoff::reconnect() }
    }

    /// How long to wait before the next try.
    fn failed(&mut self, error: &dyn std::fmt::Display) -> Duration {
        self.outage.failed(error);
        self.backoff.next_delay()
    }

    fn recovered(&mut self) {
        self.outage.recovered();
        self.backoff.reset();
    }
}
