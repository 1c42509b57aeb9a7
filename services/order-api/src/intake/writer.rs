//! The group commit: the one task that writes orders.
//!
//! While a transaction is under way further requests gather; the next transaction takes them all, up to
//! `intake.batch`. So batches are as large as the load makes them, and a lone request waits for nobody. Some transactions
//! follow one another without letting go of the connection: to get it takes as long as a small one.
//!
//! A key that comes with a request is taken for new, and the database refuses the transaction if it is not; then the keys
//! are looked up. If that fails because of one row, each request is tried by itself: one must not fail the others.
//! With several replicas it fails, too, when another one has used the same idempotency key at the same moment.

use std::time::Instant;

use runtime::{
    db::{Database, Writing},
    outage::Outage,
    trace_context,
};
use sea_orm::DbErr;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use tracing::{Instrument, Span};

use super::{
    again::{self, Again, Outcome},
    keys::Keys,
    numbering::Numbering,
    rows::Rows,
    submission::{IntakeError, Receipt, Submission},
};
use crate::{
    metrics::ApiMetrics,
    outbox::{Backlog, Commits, Fresh, Pending},
    storage::blames_a_row,
};

/// A request that waits.
#[derive(Debug)]
pub(crate) enum Job {
    Place {
        submission: Submission,
        reply: Reply<Receipt>,
        /// Freed when the job is answered.
        place: OwnedSemaphorePermit,
    },
    Again {
        wishes: Vec<Again>,
        reply: Reply<Vec<Outcome>>,
    },
}

type Reply<T> = oneshot::Sender<Result<T, IntakeError>>;

/// What a job is answered once its transaction is committed.
enum Answer {
    Place(Result<Receipt, IntakeError>),
    Again(Vec<Outcome>),
}

impl Job {
    fn orders(&self) -> usize {
        match self {
            Self::Place { submission, .. } => submission.orders.len(),
            Self::Again { wishes, .. } => wishes.len(),
        }
    }

    const fn submission(&self) -> Option<&Submission> {
        match self {
            Self::Place { submission, .. } => Some(submission),
            Self::Again { .. } => None,
        }
    }
}

/// How many transactions after one with a repeat look up their keys first: where clients repeat themselves they do so for a
/// while, and what is tried in vain is done twice.
const DOUBTS: u32 = 8;

/// How many transactions follow one another before somebody else may write.
const TURN: u32 = 8;

pub(crate) struct Writer {
    database: Database,
    jobs: mpsc::UnboundedReceiver<Job>,
    most_orders: usize,
    numbers: Numbering,
    /// So many batches look up their keys first.
    doubts: u32,
    backlog: Backlog,
    /// For the relay, which need not read back what was just written.
    fresh: Fresh,
    /// The last sequence number that is committed, for the relay.
    committed: watch::Sender<i64>,
    outage: Outage,
    metrics: ApiMetrics,
}

impl Writer {
    /// The backlog's producer must be new: its outbox rows are numbered from 1.
    pub(crate) fn new(
        database: &Database,
        jobs: mpsc::UnboundedReceiver<Job>,
        most_orders: usize,
        backlog: Backlog,
        metrics: &ApiMetrics,
    ) -> Self {
        Self {
            database: database.clone(),
            jobs,
            most_orders,
            numbers: Numbering::new(backlog.producer()),
            doubts: 0,
            backlog,
            fresh: Fresh::default(),
            committed: watch::Sender::new(0),
            outage: Outage::new("database"),
            metrics: metrics.clone(),
        }
    }

    /// Follows what is committed.
    pub(crate) fn commits(&self) -> Commits {
        Commits { last: self.committed.subscribe(), fresh: self.fresh.clone() }
    }

    /// Runs until the last [`Intake`](super::Intake) is gone and everything handed in is answered.
    pub(crate) async fn run(mut self) -> Result<(), DbErr> {
        while let Some(first) = self.jobs.recv().await {
            let batch = self.gather(Some(first));
            let left = self.write_as_new(batch).await;
            if !left.is_empty() {
                self.write_with_care(left).await;
            }
        }
        Ok(())
    }

    /// What waits already, as far as one transaction takes it.
    fn gather(&mut self, first: Option<Job>) -> Vec<Job> {
        let mut orders = first.as_ref().map_or(0, Job::orders);
        let mut batch = Vec::from_iter(first);
        while orders < self.most_orders {
            let Ok(job) = self.jobs.try_recv() else { break };
            orders += job.orders();
            batch.push(job);
        }
        batch
    }

    /// Writes the batch, and what gathers meanwhile, as if no key had been used before. What it returns is not written: there is
    /// more to it.
    async fn write_as_new(&mut self, mut batch: Vec<Job>) -> Vec<Job> {
        if self.doubts > 0 {
            self.doubts -= 1;
            return batch;
        }
        let database = self.database.clone();
        let Ok(mut turn) = database.turn().await else { return batch };
        let Ok(mut writing) = turn.begin().await else { return batch };
        for left in (0..TURN).rev() {
            let span = commit_span(&batch);
            let Some(answers) = self.commit_as_new(&mut writing, &batch).instrument(span).await else {
                return batch;
            };
            self.answer(batch, Ok(answers));
            batch = if left > 0 { self.gather(None) } else { Vec::new() };
            if batch.is_empty() {
                break;
            }
        }
        batch
    }

    /// Looks up the keys first. If that fails because of one row, tries each request by itself.
    async fn write_with_care(&mut self, batch: Vec<Job>) {
        let span = commit_span(&batch);
        match self.commit_with_care(&batch).instrument(span.clone()).await {
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
    async fn commit_alone(&mut self, job: &Job) -> Result<Vec<Answer>, DbErr> {
        let batch = std::slice::from_ref(job);
        match self.commit_with_care(batch).await {
            Err(error) if blames_a_row(&error) => self.commit_with_care(batch).await,
            answers => answers,
        }
    }

    /// All of it is durable when this returns answers. `None`: nothing of it is written. An order is to be published again, or a
    /// key was used before, or the database can't be written: who takes care will see.
    async fn commit_as_new(&mut self, writing: &mut Writing<'_>, batch: &[Job]) -> Option<Vec<Answer>> {
        let submissions = batch.iter().map(Job::submission).collect::<Option<Vec<_>>>()?;
        let begun = Instant::now();
        let (mut keys, mut rows) = (Keys::none(), Rows::new(&mut self.numbers));
        let add = |submission| Answer::Place(rows.add(submission, &mut keys));
        let answers = submissions.into_iter().map(add).collect();
        let orders = rows.orders();
        let (statements, pending) = rows.into_statements();
        if writing.write(statements).await.is_err() {
            self.doubts = DOUBTS;
            return None;
        }
        self.committed(begun, orders, pending);
        Some(answers)
    }

    /// All of it is durable when this returns without an error.
    async fn commit_with_care(&mut self, batch: &[Job]) -> Result<Vec<Answer>, DbErr> {
        let begun = Instant::now();
        let transaction = self.database.begin_write().await?;
        let mut keys = Keys::load(&transaction, batch.iter().filter_map(Job::submission)).await?;
        let mut rows = Rows::new(&mut self.numbers);
        let mut answers = Vec::with_capacity(batch.len());
        for job in batch {
            answers.push(match job {
                Job::Place { submission, .. } => Answer::Place(rows.add(submission, &mut keys)),
                Job::Again { wishes, .. } => {
                    Answer::Again(again::add(&transaction, wishes, &self.backlog, &mut rows).await?)
                }
            });
        }
        let orders = rows.orders();
        if rows.is_empty() {
            transaction.rollback().await?;
            return Ok(answers);
        }
        let (statements, pending) = rows.into_statements();
        statements.write(&transaction).await?;
        transaction.commit().await?;
        self.committed(begun, orders, pending);
        Ok(answers)
    }

    fn committed(&self, begun: Instant, orders: usize, pending: Vec<Pending>) {
        self.fresh.add(pending);
        self.committed.send_replace(self.numbers.last);
        self.metrics.accepted.inc_by(orders as u64);
        self.metrics.intake_batch.observe(orders as f64);
        self.metrics.commit_seconds.observe(begun.elapsed().as_secs_f64());
    }

    fn answer(&mut self, batch: Vec<Job>, answers: Result<Vec<Answer>, DbErr>) {
        let answers = match answers {
            Ok(answers) => {
                self.outage.recovered();
                answers.into_iter().map(Some).collect()
            }
            Err(error) => {
                self.outage.failed(&error);
                std::iter::repeat_with(|| None).take(batch.len()).collect::<Vec<_>>()
            }
        };
        for (job, answer) in batch.into_iter().zip(answers) {
            // Whoever asked may have gone away; what was written stays.
            match (job, answer) {
                (Job::Place { reply, place, .. }, answer) => {
                    self.metrics.waiting.sub(place.num_permits() as i64);
                    let answer = match answer {
                        Some(Answer::Place(answer)) => answer,
                        _ => Err(IntakeError::Storage),
                    };
                    self.metrics.replayed.inc_by(u64::from(matches!(answer, Ok(Receipt::Replayed(_)))));
                    let _ = reply.send(answer);
                }
                (Job::Again { reply, .. }, Some(Answer::Again(outcomes))) => {
                    let _ = reply.send(Ok(outcomes));
                }
                (Job::Again { reply, .. }, _) => {
                    let _ = reply.send(Err(IntakeError::Storage));
                }
            }
        }
    }
}

/// The span of a transaction, which has a part in the traces of all its orders.
fn commit_span(batch: &[Job]) -> Span {
    let span = tracing::debug_span!("intake.commit", requests = batch.len());
    if trace_context::is_exporting() {
        for order in batch.iter().filter_map(Job::submission).flat_map(|submission| &submission.orders) {
            trace_context::link(&span, order.traceparent.as_deref());
        }
    }
    span
}
