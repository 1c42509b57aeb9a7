//! The consumer of `events` in the group `order-api`: one for each partition.

use runtime::{backoff::Backoff, db::Database, lifecycle::Shutdown, outage::Outage, trace_context};
use sea_orm::DbErr;
use streams::{Delivered, EntryId, EventReader, StreamError};
use tracing::Instrument;

use super::{apply::apply, settle::settle};
use crate::{
    intake::{Intake, IntakeError},
    metrics::ApiMetrics,
    waiting::Waiters,
};

pub(crate) struct Follower {
    pub(crate) reader: EventReader,
    pub(crate) database: Database,
    pub(crate) waiters: Waiters,
    /// For orders whose end has to be undone.
    pub(crate) intake: Intake,
    /// Most events of one transaction.
    pub(crate) batch: usize,
    pub(crate) metrics: ApiMetrics,
}

#[derive(Debug, thiserror::Error)]
enum FollowError {
    #[error(transparent)]
    Streams(#[from] StreamError),
    #[error("database: {0}")]
    Database(#[from] DbErr),
    #[error(transparent)]
    Intake(#[from] IntakeError),
}

impl Follower {
    /// Runs until the shutdown drains; the batch in hand is finished.
    pub(crate) async fn run(mut self, shutdown: Shutdown) -> Result<(), StreamError> {
        let draining = shutdown.draining();
        let (mut backoff, mut outage) = (Backoff::reconnect(), Outage::new("event stream"));
        loop {
            let read = tokio::select! {
                biased;
                () = draining.cancelled() => return Ok(()),
                read = self.reader.next(self.batch) => read,
            };
            let done = match read {
                Ok(events) if events.is_empty() => Ok(()),
                Ok(events) => self.take(&events).await,
                Err(error) => Err(error.into()),
            };
            match done {
                Ok(()) => {
                    outage.recovered();
                    backoff.reset();
                }
                Err(error) => {
                    outage.failed(&error);
                    // What was not acknowledged is delivered again.
                    self.reader.rewind();
                    tokio::select! {
                        () = backoff.wait() => {}
                        () = draining.cancelled() => return Ok(()),
                    }
                }
            }
        }
    }

    async fn take(&self, delivered: &[Delivered]) -> Result<(), FollowError> {
        let events: Vec<_> = delivered.iter().map(|delivered| &delivered.event).collect();
        let span = tracing::debug_span!("events.apply", events = events.len());
        let spans = trace_context::each_in_batch(&span, events.iter(), |event| {
            let (order_id, kind) = (event.order_id(), event.kind());
            let span = tracing::debug_span!(
                "order.follow",
                otel.kind = "consumer",
                order.id = %order_id,
                event.type = %kind,
            );
            (span, event.envelope.traceparent.as_deref())
        });
        let applied = apply(&self.database, &events).instrument(span).await?;
        drop(spans);
        self.waiters.wake(&applied.finished);
        // Durable before the events are acknowledged: a crash here brings them back.
        settle(&self.intake, applied.owed).await?;
        for event in events {
            self.metrics.events.with_label_values(&[event.kind().as_str()]).inc();
        }
        self.metrics.events_batch.observe(delivered.len() as f64);
        let ids: Vec<EntryId> = delivered.iter().map(|delivered| delivered.id).collect();
        Ok(self.reader.ack(&ids).await?)
    }
}
