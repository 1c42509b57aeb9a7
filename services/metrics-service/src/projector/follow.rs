//! One partition's events: read, apply, acknowledge, again.

use std::time::Instant;

use runtime::{backoff::Backoff, outage::Outage};
use sea_orm::DbErr;
use streams::{Delivered, EventReader, StreamError};
use tracing::Instrument;

use super::{Projectors, spans::event_spans};

/// The projector of one partition.
pub(super) struct Follower<'a> {
    all: &'a Projectors,
    partition: u16,
    reader: EventReader,
    redis: Dependency,
    database: Dependency,
}

/// Something that may be away.
struct Dependency {
    outage: Outage,
    backoff: Backoff,
}

/// Why a step did not get through. Nothing is lost by it.
enum Trouble {
    Redis(StreamError),
    Database(DbErr),
}

impl<'a> Follower<'a> {
    pub(super) fn new(all: &'a Projectors, partition: u16, reader: EventReader) -> Self {
        let (redis, database) = (Dependency::new("redis"), Dependency::new("database"));
        Self { all, partition, reader, redis, database }
    }

    /// Works until the shutdown drains, whatever is away meanwhile.
    pub(super) async fn run(mut self) {
        let draining = self.all.draining.clone();
        while !draining.is_cancelled() {
            let pause = match self.step().await {
                Ok(()) => continue,
                // Without a connection a read takes its time to fail, and goes on as soon as there is one.
                Err(Trouble::Redis(error)) if error.is_connection() => {
                    self.redis.outage.failed(&error);
                    continue;
                }
                Err(Trouble::Redis(error)) => self.redis.failed(&error),
                Err(Trouble::Database(error)) => self.database.failed(&error),
            };
            draining.run_until_cancelled(pause.wait()).await;
        }
    }

    /// Applies what comes next, if something comes within a moment. Only the waiting is cut short by the shutdown.
    async fn step(&mut self) -> Result<(), Trouble> {
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

    /// What to wait by before the next try.
    fn failed(&mut self, error: &dyn std::fmt::Display) -> &mut Backoff {
        self.outage.failed(error);
        &mut self.backoff
    }

    fn recovered(&mut self) {
        self.outage.recovered();
        self.backoff.reset();
    }
}
