//! Finishing: reports what has ended, in one script call for whatever is waiting.
//!
//! After the [`ledger`](crate::ledger) has committed it. One finisher per partition. The script acknowledges each message
//! and adds its outcome only if nobody did so before: of two workers that hold the same order, one reports it.
//!
//! Guarantee: an order's outcome is in the stream once. After a lost answer the same call is made again, which changes
//! nothing. A crash before the call leaves the orders pending and their steps in the ledger.

use runtime::clock::Clock;
use streams::{Finish, Finisher, InHand, keys::ORDER_PROCESSOR};
use tokio::sync::mpsc;
use tokio_util::sync::DropGuard;

use crate::{
    ledger::{Attempt, Notes, Superseded},
    metrics::WorkerMetrics,
    outage::SharedOutage,
    queue::Announced,
    worker::redis_backoff,
};

/// Something that was taken from the queue and has come to an end.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) partition: u16,
    pub(crate) finish: Finish,
    pub(crate) ending: Ending,
    /// Its `order.processing` comes before its outcome.
    pub(crate) announced: Option<Announced>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Attempt(Attempt),
    /// It is no command.
    Dead,
    /// Somebody deleted it while it was pending.
    Gone,
}

/// The finisher of one partition.
#[derive(Debug)]
pub(crate) struct FinishLoop {
    pub(crate) partition: u16,
    pub(crate) finisher: Finisher,
    pub(crate) written: mpsc::Receiver<Vec<Finished>>,
    pub(crate) most: usize,
    pub(crate) in_hand: InHand,
    pub(crate) notes: Notes,
    pub(crate) clock: Clock,
    pub(crate) outage: SharedOutage,
    pub(crate) metrics: WorkerMetrics,
}

impl FinishLoop {
    /// Ends when the ledger's writer has, and everything is finished. Whoever keeps the orders alive until then watches
    /// the guard.
    pub(crate) async fn run(mut self, _until_finished: DropGuard) {
        while let Some(mut batch) = self.written.recv().await {
            while batch.len() < self.most
                && let Ok(more) = self.written.try_recv()
            {
                batch.extend(more);
            }
            self.finish(batch).await;
        }
    }

    async fn finish(&self, batch: Vec<Finished>) {
        let mut finishes = Vec::with_capacity(batch.len());
        let mut endings = Vec::with_capacity(batch.len());
        for Finished { finish, ending, announced, .. } in batch {
            if let Some(announced) = announced {
                announced.settled().await;
            }
            finishes.push(finish);
            endings.push(ending);
        }
        let (won, repeated) = self.report(&finishes).await;
        let entries: Vec<_> = finishes.iter().map(|finish| finish.entry).collect();
        self.in_hand.release(&entries);
        self.metrics.in_hand.sub(entries.len() as i64);
        self.metrics.finish_batch_size.observe(entries.len() as f64);
        for (ending, won) in endings.into_iter().zip(won) {
            self.settle(ending, won, repeated);
        }
    }

    /// What the fence answered for each, and whether it had to be asked more than once.
    async fn report(&self, finishes: &[Finish]) -> (Vec<bool>, bool) {
        let mut backoff = redis_backoff();
        loop {
            match self.finisher.finish(self.partition, ORDER_PROCESSOR, finishes).await {
                Ok(won) => {
                    self.outage.recovered();
                    return (won, backoff.attempts() > 0);
                }
                Err(error) => self.outage.failed(&error),
            }
            backoff.wait().await;
        }
    }

    fn settle(&self, ending: Ending, won: bool, repeated: bool) {
        match ending {
            // After a call whose answer was lost, "finished before" most likely means by that call.
            Ending::Attempt(attempt) if won || repeated => self.metrics.finished(attempt.outcome).inc(),
            Ending::Attempt(attempt) => {
                tracing::debug!(order.id = %attempt.order_id, entry = %attempt.entry, "somebody else finished the order");
                self.metrics.fence_lost.inc();
                self.notes.add(Superseded { attempt, at: self.clock.now() });
            }
            Ending::Dead => self.metrics.dead_letters.inc(),
            Ending::Gone => {}
        }
    }
}
