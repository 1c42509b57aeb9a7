//! Group commit: whatever has finished while the last transaction was under way is written by the next one.
//!
//! One task for all partitions, since the database has one writer. It passes on to the finishers only what is on disk.
//! While the database does not answer it keeps trying; the orders wait, first here, then in their slots, and nothing more
//! is taken from the queue.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use runtime::backoff::Backoff;
use tokio::sync::mpsc;
use tracing::Instrument;

use super::{Attempt, Ledger, Superseded};
use crate::{
    finish::{Ending, Finished},
    metrics::WorkerMetrics,
};

/// What the finishers learn afterwards, to be written with a later batch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(Arc<Mutex<Vec<Superseded>>>);

impl Notes {
    pub(crate) fn add(&self, note: Superseded) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(note);
    }

    fn take(&self) -> Vec<Superseded> {
        mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Between the orders in work and the finishers.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) ledger: Ledger,
    pub(crate) batch: usize,
    pub(crate) finished: mpsc::Receiver<Finished>,
    /// One for each partition, in their order.
    pub(crate) finishers: Vec<mpsc::Sender<Vec<Finished>>>,
    pub(crate) notes: Notes,
    pub(crate) metrics: WorkerMetrics,
}

impl Writer {
    /// Ends when nobody is left who could finish an order, and everything has been written and passed on.
    pub(crate) async fn run(mut self) {
        let mut batch = Vec::with_capacity(self.batch);
        while self.finished.recv_many(&mut batch, self.batch).await > 0 {
            let span = tracing::debug_span!("ledger.commit", orders = batch.len());
            Finished::begin(&mut batch, &span);
            self.write(&batch).instrument(span).await;
            self.pass_on(mem::replace(&mut batch, Vec::with_capacity(self.batch))).await;
        }
    }

    async fn write(&self, batch: &[Finished]) {
        let attempts: Vec<&Attempt> = batch
            .iter()
            .filter_map(|finished| match &finished.ending {
                Ending::Attempt(attempt) => Some(attempt),
                Ending::Dead | Ending::Gone => None,
            })
            .collect();
        let notes = self.notes.take();
        let mut backoff = Backoff::reconnect();
        loop {
            let begun = Instant::now();
            match self.ledger.record(&attempts, &notes).await {
                Ok(()) => {
                    self.ledger.outage.recovered();
                    self.metrics.ledger_commit_seconds.observe(begun.elapsed().as_secs_f64());
                    return;
                }
                Err(error) => self.ledger.outage.failed(&error),
            }
            backoff.wait().await;
        }
    }

    async fn pass_on(&self, batch: Vec<Finished>) {
        let mut of_partitions: Vec<Vec<Finished>> = self.finishers.iter().map(|_| Vec::new()).collect();
        if let [only] = of_partitions.as_mut_slice() {
            *only = batch;
        } else {
            for finished in batch {
                of_partitions[usize::from(finished.partition)].push(finished);
            }
        }
        for (finisher, batch) in self.finishers.iter().zip(of_partitions) {
            if !batch.is_empty() {
                // A finisher that is gone takes the service down; what it did not finish is delivered again.
                let _ = finisher.send(batch).await;
            }
        }
    }
}

impl Ledger {
    /// At the end of a shutdown: what the last finishes left to be noted. Not worth waiting for.
    pub(crate) async fn note_the_rest(&self, notes: &Notes) {
        if let Err(error) = self.record(&[], &notes.take()).await {
            tracing::debug!(%error, "superseded attempts are not noted in the ledger");
        }
    }
}
