//! Follows the events of every partition and applies them.
//!
//! Events are acknowledged once their batch is committed. A crash in between, or an acknowledgement that gets lost, has
//! them delivered again, and the projection ignores what it has. While the database does not answer nothing is
//! acknowledged, so nothing is lost: the same events are read again until they are applied.

use std::{convert::Infallible, sync::Arc, time::Instant};

use futures_util::future::join_all;
use runtime::{backoff::Backoff, outage::Outage, trace_context};
use streams::{
    Redis,
    events::{Delivered, EventReader},
    groups,
    keys::METRICS_SERVICE,
};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use crate::{projection::Projection, telemetry::ProjectionMetrics};

/// The projectors of all partitions.
pub(crate) struct Projectors {
    pub(crate) redis: Redis,
    pub(crate) consumer: String,
    pub(crate) projection: Arc<Projection>,
    pub(crate) metrics: ProjectionMetrics,
    pub(crate) batch: usize,
    pub(crate) draining: CancellationToken,
    /// Set once Redis has answered for the first time.
    pub(crate) redis_answered: CancellationToken,
}

impl Projectors {
    /// Waits for what it needs, then works until the shutdown drains and the batch in hand is done.
    pub(crate) async fn run(self) -> Result<(), Infallible> {
        let ready = async {
            self.load().await;
            self.prepare_redis().await;
        };
        tokio::select! {
            () = self.draining.cancelled() => return Ok(()),
            () = ready => {}
        }
        let partitions = self.redis.keys().partitions();
        join_all(partitions.map(|partition| self.follow(partition))).await;
        Ok(())
    }

    async fn load(&self) {
        let (mut outage, mut backoff) = (Outage::new("database"), Backoff::reconnect());
        while let Err(error) = self.projection.load().await {
            outage.failed(&error);
            backoff.wait().await;
        }
        outage.recovered();
        self.metrics.show(&self.projection);
    }

    async fn prepare_redis(&self) {
        let (mut outage, mut backoff) = (Outage::new("redis"), Backoff::reconnect());
        loop {
            if !self.redis.wait_until_ready(&self.draining).await {
                return;
            }
            match groups::ensure(&self.redis).await {
                Ok(()) => break,
                Err(error) => outage.failed(&error),
            }
            backoff.wait().await;
        }
        outage.recovered();
        self.redis_answered.cancel();
        for warning in self.redis.warnings().await {
            tracing::warn!("{warning}");
        }
    }

    async fn follow(&self, partition: u16) {
        let (mut redis, mut redis_backoff) = (Outage::new("redis"), Backoff::reconnect());
        let (mut database, mut database_backoff) = (Outage::new("database"), Backoff::reconnect());
        let mut reader = self.open(partition, &mut redis).await;
        while !self.draining.is_cancelled() {
            let read = tokio::select! {
                biased;
                () = self.draining.cancelled() => return,
                read = reader.next(self.batch) => read,
            };
            let batch = match read {
                Ok(batch) => batch,
                Err(error) => {
                    redis.failed(&error);
                    // Without a connection a read takes its time to fail, and goes on as soon as there is one.
                    if !error.is_connection() {
                        self.pause(&mut redis_backoff).await;
                    }
                    continue;
                }
            };
            redis.recovered();
            redis_backoff.reset();
            if batch.is_empty() {
                continue;
            }
            if let Err(error) = self.apply(partition, &batch).await {
                database.failed(&error);
                reader.rewind();
                self.pause(&mut database_backoff).await;
                continue;
            }
            database.recovered();
            database_backoff.reset();
            let ids: Vec<_> = batch.iter().map(|delivered| delivered.id).collect();
            if let Err(error) = reader.ack(&ids).await {
                redis.failed(&error);
                // They come again, are found applied, and are acknowledged then.
                reader.rewind();
            }
        }
    }

    async fn open(&self, partition: u16, outage: &mut Outage) -> EventReader {
        let mut backoff = Backoff::reconnect();
        loop {
            match EventReader::new(&self.redis, partition, METRICS_SERVICE, &self.consumer) {
                Ok(reader) => return reader,
                Err(error) => outage.failed(&error),
            }
            backoff.wait().await;
        }
    }

    async fn apply(&self, partition: u16, batch: &[Delivered]) -> Result<(), sea_orm::DbErr> {
        let span =
            tracing::debug_span!("projection.apply", stream.partition = partition, batch.size = batch.len());
        let events = event_spans(&span, batch);
        let started = Instant::now();
        let applied = self.projection.apply(partition, batch).instrument(span).await?;
        self.metrics.applied(&applied, started.elapsed());
        self.metrics.show(&self.projection);
        drop(events);
        Ok(())
    }

    async fn pause(&self, backoff: &mut Backoff) {
        tokio::select! {
            () = self.draining.cancelled() => {}
            () = backoff.wait() => {}
        }
    }
}

/// Ties the batch to the traces of its events: a link to each, and in each trace a span that lasts as long as the batch
/// takes. None where nobody would see them.
fn event_spans(batch_span: &Span, batch: &[Delivered]) -> Vec<Span> {
    if batch_span.is_disabled() {
        return Vec::new();
    }
    let span_of = |delivered: &Delivered| {
        let envelope = &delivered.event.envelope;
        let traceparent = envelope.traceparent.as_deref();
        trace_context::link(batch_span, traceparent);
        let span = tracing::debug_span!(
            parent: None,
            "order.project",
            order.id = %envelope.subject,
            event.id = envelope.id,
            event.r#type = delivered.event.kind().as_str(),
        );
        trace_context::set_parent(&span, traceparent);
        span
    };
    batch.iter().map(span_of).collect()
}
