//! The relay: publishes the outbox as soon as something is committed, and deletes what is published.
//!
//! It follows the writer's commits, so nothing is polled on an order's way. Rows that it did not see committed (of an
//! earlier run, of another replica that died) are found by a sweep at the start and every few seconds; they keep the name
//! and the numbers of the producer that wrote them, so that nothing is added twice. With Redis away it tries again with
//! backoff, and the outbox grows.
//!
//! Each call compares what Redis has with what it had before. A loss is noted in the database first, and [`crate::heal`]
//! told of it; then publishing goes on. With nothing to publish Redis is asked all the same, every two seconds.

use std::{collections::BTreeMap, time::Duration};

use runtime::{
    backoff::Backoff, clock::Clock, db::Database, lifecycle::Shutdown, outage::Outage, trace_context,
};
use sea_orm::DbErr;
use streams::{Outcome, Producer, Publication, Redis, StreamError, groups, keys::ORDER_API};
use tokio::time::{Instant, MissedTickBehavior};
use tracing::Instrument;
use uuid::Uuid;

use super::{
    fresh::Commits,
    marks::{Marks, note_loss},
    message::publication,
    pending::{self, Backlog, Pending},
};
use crate::{config::RelayConfig, heal::Alarm, metrics::ApiMetrics, orders};

/// Published rows are deleted when this many have gathered, or when nothing has come for a moment: a delete for each batch
/// would be a transaction beside each of the writer's.
const DELETE_ROWS: i64 = 1_000;
const DELETE_IDLE: Duration = Duration::from_millis(200);
/// How often Redis is asked whether it is still what it was.
const PROBE: Duration = Duration::from_secs(2);

#[derive(Debug, thiserror::Error)]
pub(crate) enum RelayError {
    #[error(transparent)]
    Streams(#[from] StreamError),
    #[error("database: {0}")]
    Database(#[from] DbErr),
}

pub(crate) struct Relay {
    database: Database,
    redis: Redis,
    producer: Producer,
    /// The run of the service whose rows are followed.
    own: Uuid,
    batch: usize,
    sweep_interval: Duration,
    /// Everything of ours up to here is in the streams.
    published: i64,
    /// Everything of ours up to here is gone from the outbox.
    deleted: i64,
    shared: Shared,
    metrics: ApiMetrics,
}

/// What the relay has in common with others.
pub(crate) struct Shared {
    /// The writer's.
    pub(crate) commits: Commits,
    /// How much is not published yet.
    pub(crate) backlog: Backlog,
    /// How far Redis was seen to be.
    pub(crate) marks: Marks,
    /// Raised when Redis has lost something.
    pub(crate) alarm: Alarm,
    pub(crate) clock: Clock,
}

impl Relay {
    pub(crate) fn new(
        database: &Database,
        redis: &Redis,
        config: &RelayConfig,
        shared: Shared,
        metrics: &ApiMetrics,
    ) -> Self {
        Self {
            database: database.clone(),
            redis: redis.clone(),
            producer: Producer::new(redis, ORDER_API),
            own: shared.backlog.producer(),
            batch: config.batch,
            sweep_interval: Duration::from_millis(config.sweep_interval_ms.max(100)),
            published: 0,
            deleted: 0,
            shared,
            metrics: metrics.clone(),
        }
    }

    /// Runs until the writer has ended and what it committed is published, or cannot be while draining: the next
    /// start finds it.
    pub(crate) async fn run(mut self, shutdown: Shutdown) -> Result<(), RelayError> {
        let draining = shutdown.draining();
        let (mut backoff, mut outage) = (Backoff::reconnect(), Outage::new("redis"));
        let mut sweep = tokio::time::interval_at(Instant::now(), self.sweep_interval);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut probe = tokio::time::interval(PROBE);
        probe.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let done = tokio::select! {
                biased;
                changed = self.shared.commits.last.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    self.publish_own().await
                }
                _ = sweep.tick() => self.sweep().await,
                _ = probe.tick() => self.probe().await,
                () = tokio::time::sleep(DELETE_IDLE), if self.deleted < self.published => self.delete().await,
            };
            let Err(error) = done else {
                outage.recovered();
                backoff.reset();
                continue;
            };
            outage.failed(&error);
            // What failed is asked for again by the mark, also when no further order comes.
            self.shared.commits.last.mark_changed();
            tokio::select! {
                () = backoff.wait() => {}
                () = draining.cancelled() => break,
            }
        }
        if let Err(error) = self.finish().await {
            tracing::warn!(%error, "orders are left in the outbox; they are published after the next start");
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), RelayError> {
        self.publish_own().await?;
        self.delete().await
    }

    /// Publishes everything that this run is known to have committed.
    async fn publish_own(&mut self) -> Result<(), RelayError> {
        let committed = *self.shared.commits.last.borrow_and_update();
        self.publish_up_to(committed).await?;
        // Above the last row there can be numbers of a transaction that failed.
        self.published = self.published.max(committed);
        Ok(())
    }

    /// Publishes this run's rows, until there are none or the last of these numbers is published. In a backlog the next rows
    /// are read while Redis has the ones before; else they would be fewer than if they came later.
    async fn publish_up_to(&mut self, number: i64) -> Result<(), RelayError> {
        let mut ahead = Vec::new();
        while self.published < number {
            let rows = if ahead.is_empty() {
                self.rows_after(self.published).await?
            } else {
                std::mem::take(&mut ahead)
            };
            let Some(last) = rows.last().map(|row| row.seq) else { break };
            let is_backlog = rows.len() == self.batch && last.saturating_add(self.batch as i64) <= number;
            let reading = async { if is_backlog { self.rows_after(last).await } else { Ok(Vec::new()) } };
            let (published, read) = tokio::join!(self.publish(self.own, rows), reading);
            published?;
            self.published = last;
            self.shared.backlog.published_up_to(last);
            ahead = read?;
            if self.published - self.deleted >= DELETE_ROWS {
                self.delete().await?;
            }
        }
        Ok(())
    }

    /// The next rows of this run: as they were committed, or from the outbox.
    async fn rows_after(&self, number: i64) -> Result<Vec<Pending>, RelayError> {
        let fresh = self.shared.commits.fresh.after(number, self.batch);
        if !fresh.is_empty() {
            return Ok(fresh);
        }
        Ok(pending::of_producer(&self.database.reader, self.own, number, self.batch).await?)
    }

    /// Publishes what other runs left, and whatever of our own was missed: a commit whose answer was lost is in the database,
    /// and nobody knows.
    async fn sweep(&mut self) -> Result<(), RelayError> {
        for producer in pending::other_producers(&self.database.reader, self.own).await? {
            let mut after = 0;
            loop {
                let rows = pending::of_producer(&self.database.reader, producer, after, self.batch).await?;
                let Some(last) = rows.last().map(|row| row.seq) else { break };
                self.publish(producer, rows).await?;
                pending::delete(&self.database, producer, last, &self.shared.marks).await?;
                after = last;
            }
        }
        self.publish_up_to(i64::MAX).await
    }

    /// Publishes nothing, and so learns whether Redis is still what it was.
    async fn probe(&mut self) -> Result<(), RelayError> {
        for partition in self.redis.keys().partitions() {
            self.publish_in(partition, self.own, &[]).await?;
        }
        Ok(())
    }

    async fn delete(&mut self) -> Result<(), RelayError> {
        if self.deleted < self.published {
            pending::delete(&self.database, self.own, self.published, &self.shared.marks).await?;
            self.deleted = self.published;
        }
        Ok(())
    }

    /// Publishes rows of one producer, partition by partition, in the order of their numbers.
    async fn publish(&self, producer: Uuid, rows: Vec<Pending>) -> Result<(), RelayError> {
        let span = tracing::debug_span!("outbox.relay", orders = rows.len());
        let spans = trace_context::each_in_batch(&span, rows.iter(), |row| {
            let order_id = orders::order_id(&row.order);
            let span = tracing::debug_span!("order.publish", otel.kind = "producer", order.id = %order_id);
            (span, row.traceparent.as_deref())
        });
        let mut partitions: BTreeMap<u16, Vec<Publication>> = BTreeMap::new();
        // An order that has moved on had its message. Should Redis have lost it since, healing sees to it: from here it would
        // begin anew, even if it is completed or cancelled.
        for row in rows.iter().filter(|row| row.version >= row.order.version) {
            let partition = self.redis.keys().partition_of(orders::order_id(&row.order));
            partitions.entry(partition).or_default().push(publication(row)?);
        }
        for (partition, batch) in partitions {
            let published = self.publish_in(partition, producer, &batch).instrument(span.clone()).await;
            published.inspect_err(|error| {
                for order in &spans {
                    trace_context::failed(order, || error.to_string());
                }
            })?;
        }
        drop(spans);
        Ok(())
    }

    async fn publish_in(
        &self,
        partition: u16,
        producer: Uuid,
        batch: &[Publication],
    ) -> Result<(), RelayError> {
        let begun = Instant::now();
        let own = producer == self.own;
        let name = producer.as_simple().to_string();
        let published = loop {
            let outcome = match self.shared.marks.expected(partition, own) {
                None => Outcome::Published(self.producer.publish(partition, &name, batch).await?),
                Some(expected) => self.producer.publish_after(partition, &name, &expected, batch).await?,
            };
            match outcome {
                Outcome::Published(published) => break published,
                Outcome::Lost(now) => {
                    self.lost(partition, &now).await?;
                    // From here on this much is expected: another loss, right now, is seen too.
                    self.shared.marks.seen(partition, now, own);
                }
            }
        };
        self.shared.marks.seen(partition, published.mark, own);
        if !batch.is_empty() {
            self.metrics.published.inc_by(published.added as u64);
            self.metrics.relay_batch.observe(batch.len() as f64);
            self.metrics.publish_seconds.observe(begun.elapsed().as_secs_f64());
        }
        Ok(())
    }

    /// Notes the loss where a crash can't forget it, and has it healed.
    async fn lost(&self, partition: u16, now: &streams::Mark) -> Result<(), RelayError> {
        tracing::warn!(
            partition,
            "Redis has lost messages; looking for the orders that are without, to publish them again"
        );
        self.metrics.losses.inc();
        note_loss(&self.database.writer, partition, now, self.shared.clock.now()).await?;
        groups::ensure(&self.redis).await?;
        self.shared.alarm.raise();
        Ok(())
    }
}
