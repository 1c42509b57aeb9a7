//! One partition's events: read, apply, acknowledge, again. While there is a backlog the next batch is read while one is
//! applied; they are applied one after the other all the same.

use std::time::{Duration, Instant};

use runtime::{backoff::Backoff, outage::Outage};
use sea_orm::DbErr;
use streams::{Acknowledger, Delivered, EventReader, StreamError};
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
    acknowledger: Acknowledger,
    /// Read while the batch before was applied.
    ahead: Vec<Delivered>,
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
        let acknowledger = reader.acknowledger();
        Self { all, partition, reader, acknowledger, ahead: Vec::new(), in_doubt: true, redis, database }
    }

    /// Works until the shutdown drains and what was read is applied, whatever is away meanwhile.
    pub(super) async fn run(mut self) {
        let draining = self.all.draining.clone();
        while !draining.is_cancelled() || !self.ahead.is_empty() {
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
        let batch = if self.ahead.is_empty() { self.read().await? } else { std::mem::take(&mut self.ahead) };
        if batch.is_empty() {
            return Ok(());
        }
        // After an error what was delivered comes again, is found applied if it was, and is acknowledged then.
        let read = self.work(&batch).await.inspect_err(|_| self.reader.rewind())?;
        self.database.recovered();
        self.ahead = read.transpose().map_err(Trouble::Redis)?.unwrap_or_default();
        Ok(())
    }

    async fn read(&mut self) -> Result<Vec<Delivered>, Trouble> {
        let reading = self.reader.next(self.all.batch);
        let Some(read) = self.all.draining.run_until_cancelled(reading).await else { return Ok(Vec::new()) };
        let batch = read.map_err(Trouble::Redis)?;
        self.redis.recovered();
        Ok(batch)
    }

    /// Applies a batch and acknowledges it. Where it is full there is more, probably, and the next one is read meanwhile: the
    /// answer.
    async fn work(
        &mut self,
        batch: &[Delivered],
    ) -> Result<Option<Result<Vec<Delivered>, StreamError>>, Trouble> {
        let Self { all, partition, reader, acknowledger, .. } = self;
        let work = async {
            apply(all, *partition, batch).await.map_err(Trouble::Database)?;
            let ids: Vec<_> = batch.iter().map(|delivered| delivered.id).collect();
            acknowledger.ack(&ids).await.map_err(Trouble::Redis)
        };
        if batch.len() < all.batch {
            work.await?;
            return Ok(None);
        }
        // An error of the work ends the reading, but not the other way round.
        let reading = async { Ok(all.draining.run_until_cancelled(reader.next(all.batch)).await) };
        let ((), read) = tokio::try_join!(work, reading)?;
        Ok(read)
    }
}

async fn apply(all: &Projectors, partition: u16, batch: &[Delivered]) -> Result<(), DbErr> {
    let span =
        tracing::debug_span!("projection.apply", stream.partition = partition, batch.size = batch.len());
    let events = event_spans(&span, batch);
    let started = Instant::now();
    let applied = all.projection.apply(partition, batch).instrument(span).await?;
    all.metrics.applied(&applied, started.elapsed());
    all.metrics.delivered(batch);
    all.metrics.show(&all.projection);
    all.recent.note(batch);
    drop(events);
    Ok(())
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
