//! The group commit: the one task that writes orders.
//!
//! While a transaction is under way further requests gather; the next transaction takes them all, up to
//! `intake.batch`. So batches are as large as the load makes them, and a lone request waits for nobody. If a
//! transaction fails because of one row, each request is tried by itself: one must not fail the others. With several
//! replicas it fails, too, when another one has used the same idempotency key at the same moment.

use std::time::Instant;

use runtime::{db::Database, outage::Outage, trace_context};
use sea_orm::DbErr;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use tracing::Instrument;
use uuid::Uuid;

use super::{
    rows::{Keys, Rows},
    submission::{IntakeError, Receipt, Submission},
};
use crate::{metrics::ApiMetrics, storage::blames_a_row};

/// A request that waits.
#[derive(Debug)]
pub(crate) struct Job {
    pub(super) submission: Submission,
    pub(super) reply: oneshot::Sender<Result<Receipt, IntakeError>>,
    /// Freed when the job is answered.
    pub(super) place: OwnedSemaphorePermit,
}

/// Numbers the outbox rows of this run. Rows become visible in this order because one task commits them, one
/// transaction after the other.
pub(super) struct Numbering {
    pub(super) producer: Uuid,
    pub(super) last: i64,
}

pub(crate) struct Writer {
    database: Database,
    jobs: mpsc::UnboundedReceiver<Job>,
    most_orders: usize,
    numbers: Numbering,
    /// The last sequence number that is committed, for the relay.
    committed: watch::Sender<i64>,
    outage: Outage,
    metrics: ApiMetrics,
}

impl Writer {
    /// `producer` must be new: its outbox rows are numbered from 1.
    pub(crate) fn new(
        database: &Database,
        jobs: mpsc::UnboundedReceiver<Job>,
        most_orders: usize,
        producer: Uuid,
        metrics: &ApiMetrics,
    ) -> Self {
        Self {
            database: database.clone(),
            jobs,
            most_orders,
            numbers: Numbering::new(producer),
            committed: watch::Sender::new(0),
            outage: Outage::new("database"),
            metrics: metrics.clone(),
        }
    }

    /// Follows what is committed; closes when the writer has ended.
    pub(crate) fn committed(&self) -> watch::Receiver<i64> {
        self.committed.subscribe()
    }

    /// Runs until the last [`Intake`](super::Intake) is gone and everything handed in is answered.
    pub(crate) async fn run(mut self) -> Result<(), DbErr> {
        while let Some(first) = self.jobs.recv().await {
            let batch = self.gather(first);
            self.write(batch).await;
        }
        Ok(())
    }

    /// What waits already, without waiting for more.
    fn gather(&mut self, first: Job) -> Vec<Job> {
        let mut orders = first.submission.orders.len();
        let mut batch = vec![first];
        while orders < self.most_orders {
            let Ok(job) = self.jobs.try_recv() else { break };
            orders += job.submission.orders.len();
            batch.push(job);
        }
        batch
    }

    async fn write(&mut self, batch: Vec<Job>) {
        let span = tracing::debug_span!("intake.commit", requests = batch.len());
        if trace_context::is_exporting() {
            for order in batch.iter().flat_map(|job| &job.submission.orders) {
                trace_context::link(&span, order.traceparent.as_deref());
            }
        }
        match self.commit(&batch).instrument(span.clone()).await {
            Err(error) if blames_a_row(&error) => {
                tracing::debug!(%error, requests = batch.len(), "a transaction failed; trying each request by itself");
                for job in batch {
                    let answers = self.commit_alone(&job).instrument(span.clone()).await;
                    self.answer(vec![job], answers);
                }
            }
            answers => self.answer(batch, answers),
        }
    }

    /// One request by itself. If another replica used its key after it was looked up, the second look finds what that one
    /// has answered.
    async fn commit_alone(&mut self, job: &Job) -> Result<Vec<Result<Receipt, IntakeError>>, DbErr> {
        let batch = std::slice::from_ref(job);
        match self.commit(batch).await {
            Err(error) if blames_a_row(&error) => self.commit(batch).await,
            answers => answers,
        }
    }

    /// All of it is durable when this returns without an error.
    async fn commit(&mut self, batch: &[Job]) -> Result<Vec<Result<Receipt, IntakeError>>, DbErr> {
        let begun = Instant::now();
        let transaction = self.database.begin_write().await?;
        let mut keys = Keys::load(&transaction, batch.iter().map(|job| &job.submission)).await?;
        let mut rows = Rows::default();
        let answers =
            batch.iter().map(|job| rows.add(&job.submission, &mut keys, &mut self.numbers)).collect();
        let orders = rows.orders.len();
        if orders > 0 {
            rows.insert(&transaction).await?;
            transaction.commit().await?;
            self.committed.send_replace(self.numbers.last);
            self.metrics.accepted.inc_by(orders as u64);
            self.metrics.intake_batch.observe(orders as f64);
            self.metrics.commit_seconds.observe(begun.elapsed().as_secs_f64());
        } else {
            transaction.rollback().await?;
        }
        Ok(answers)
    }

    fn answer(&mut self, batch: Vec<Job>, answers: Result<Vec<Result<Receipt, IntakeError>>, DbErr>) {
        let answers = match answers {
            Ok(answers) => {
                self.outage.recovered();
                answers
            }
            Err(error) => {
                self.outage.failed(&error);
                vec![Err(IntakeError::Storage); batch.len()]
            }
        };
        for (job, answer) in batch.into_iter().zip(answers) {
            self.metrics.waiting.sub(job.place.num_permits() as i64);
            self.metrics.replayed.inc_by(u64::from(matches!(answer, Ok(Receipt::Replayed(_)))));
            // The client may have gone away; its order stays.
            let _ = job.reply.send(answer);
        }
    }
}
