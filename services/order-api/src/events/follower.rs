//! The consumer of `events` in the group `order-api`: one for each partition. While there is a backlog the next batch is read
//! while one is applied; they are applied one after the other all the same.

use runtime::{backoff::Backoff, db::Database, lifecycle::Shutdown, outage::Outage, trace_context};
use sea_orm::DbErr;
use streams::{Delivered, EntryId, EventReader, StreamError};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{
    apply::{Applied, Told, apply},
    settle::settle,
};
use crate::{
    intake::{Intake, IntakeError},
    metrics::ApiMetrics,
    waiting::Waiters,
    webhooks::Hooks,
};

pub(crate) struct Follower {
    pub(crate) reader: EventReader,
    pub(crate) database: Database,
    pub(crate) waiters: Waiters,
    pub(crate) hooks: Hooks,
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
    /// Runs until the shutdown drains; what was read is applied.
    pub(crate) async fn run(mut self, shutdown: Shutdown) -> Result<(), StreamError> {
        let draining = shutdown.draining();
        let (mut backoff, mut outage) = (Backoff::reconnect(), Outage::new("event stream"));
        // Read while the batch before was applied.
        let mut ahead = Vec::new();
        loop {
            let read = if ahead.is_empty() {
                match draining.run_until_cancelled(self.reader.next(self.batch)).await {
                    Some(read) => read,
                    None => return Ok(()),
                }
            } else {
                Ok(std::mem::take(&mut ahead))
            };
            let done = match read {
                Ok(events) if events.is_empty() => Ok(()),
                Ok(events) => self.take(&events, &draining).await.map(|read| ahead = read),
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
                    if draining.run_until_cancelled(backoff.wait()).await.is_none() {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Applies a batch and acknowledges it. Where it is full there is more, probably, and the next one is read meanwhile: the
    /// answer.
    async fn take(
        &mut self,
        delivered: &[Delivered],
        draining: &CancellationToken,
    ) -> Result<Vec<Delivered>, FollowError> {
        let Self { reader, database, waiters, hooks, intake, batch, metrics } = self;
        let acknowledger = reader.acknowledger();
        let work = async {
            let applied = apply_in_spans(database, hooks, delivered).await?;
            waiters.wake(applied.changed());
            // Durable before the events are acknowledged: a crash here brings them back.
            settle(intake, applied.owed).await?;
            for Delivered { event, .. } in delivered {
                metrics.events.with_label_values(&[event.kind().as_str()]).inc();
            }
            metrics.events_batch.observe(delivered.len() as f64);
            let again = delivered.iter().filter(|delivered| delivered.redelivered).count();
            metrics.events_redelivered.inc_by(again as u64);
            let ids: Vec<EntryId> = delivered.iter().map(|delivered| delivered.id).collect();
            Ok::<_, FollowError>(acknowledger.ack(&ids).await?)
        };
        if delivered.len() < *batch {
            work.await?;
            return Ok(Vec::new());
        }
        // An error of the work ends the reading, but not the other way round.
        let reading = async { Ok(draining.run_until_cancelled(reader.next(*batch)).await) };
        let ((), read): (_, Option<_>) = tokio::try_join!(work, reading)?;
        Ok(read.transpose()?.unwrap_or_default())
    }
}

/// Each event in a span of its order's trace.
async fn apply_in_spans(
    database: &Database,
    hooks: &Hooks,
    delivered: &[Delivered],
) -> Result<Applied, DbErr> {
    let span = tracing::debug_span!("events.apply", events = delivered.len());
    let spans = trace_context::each_in_batch(&span, delivered.iter(), |Delivered { event, .. }| {
        let (order_id, kind) = (event.order_id(), event.kind());
        let span = tracing::debug_span!(
            "order.follow",
            otel.kind = "consumer",
            order.id = %order_id,
            event.type = %kind,
        );
        (span, event.envelope.traceparent.as_deref())
    });
    let told: Vec<_> = delivered.iter().map(|Delivered { event, json, .. }| Told { event, json }).collect();
    let applied = apply(database, hooks, &told).instrument(span).await;
    drop(spans);
    applied
}
