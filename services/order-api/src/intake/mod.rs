//! Intake: from a parsed request to a durable order.
//!
//! Requests wait in a bounded queue for the one [`writer`], which writes whatever waits in one transaction (orders,
//! their outbox rows, idempotency keys) and answers each only after the commit: what a client was told survives a
//! power cut, and a hundred clients share one fsync. A crash before the commit loses requests that nobody was
//! answered.

mod again;
mod insert;
mod keys;
mod numbering;
mod rows;
mod submission;
#[cfg(test)]
mod tests;
mod writer;

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc, oneshot};

pub(crate) use self::again::{Again, Outcome, Wish};
pub(crate) use self::submission::{IntakeError, NewOrder, Once, Receipt, Submission};
use self::writer::Job;
pub(crate) use self::writer::Writer;
use crate::metrics::ApiMetrics;

/// Where requests hand in their orders. Clones share the queue; when the last is gone, the writer ends.
#[derive(Clone, Debug)]
pub(crate) struct Intake {
    jobs: mpsc::UnboundedSender<Job>,
    /// Free places, one for each order; they bound the queue, which itself counts requests.
    places: Arc<Semaphore>,
    metrics: ApiMetrics,
}

impl Intake {
    /// The intake and the receiving end, which is for [`Writer`].
    pub(crate) fn new(places: usize, metrics: &ApiMetrics) -> (Self, mpsc::UnboundedReceiver<Job>) {
        let (jobs, receiver) = mpsc::unbounded_channel();
        let places = Arc::new(Semaphore::new(places));
        (Self { jobs, places, metrics: metrics.clone() }, receiver)
    }

    /// Resolves when everything in the submission is durable, all of it or nothing. Once called, the orders are written
    /// even if the caller goes away.
    ///
    /// # Errors
    /// [`IntakeError::Overloaded`] at once, when the queue is full.
    pub(crate) async fn store(&self, submission: Submission) -> Result<Receipt, IntakeError> {
        let orders = u32::try_from(submission.orders.len()).unwrap_or(u32::MAX);
        let Ok(place) = self.places.clone().try_acquire_many_owned(orders) else {
            self.metrics.overloaded.inc();
            return Err(IntakeError::Overloaded);
        };
        let (reply, answer) = oneshot::channel();
        self.metrics.waiting.add(i64::from(orders));
        // The writer is gone only when it panicked, and then the service is going down.
        self.jobs.send(Job::Place { submission, reply, place }).map_err(|_| IntakeError::Storage)?;
        answer.await.map_err(|_| IntakeError::Storage)?
    }

    /// Has orders that are there already published again, those that stand so that it can be done. Resolves when that is
    /// durable; the answer has one outcome for each wish. Asked by few and never by the crowd, so it has no bound of its own.
    pub(crate) async fn again(&self, wishes: Vec<Again>) -> Result<Vec<Outcome>, IntakeError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Again { wishes, reply }).map_err(|_| IntakeError::Storage)?;
        answer.await.map_err(|_| IntakeError::Storage)?
    }
}
