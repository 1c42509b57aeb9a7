//! Finishing: reports what has ended, in one script call for whatever is waiting.
//!
//! After the [`ledger`](crate::ledger) has committed it. One finisher per partition. The script acknowledges each message
//! and adds its outcome only if nobody did so before: of two workers that hold the same order, one reports it.
//!
//! Guarantee: an order's outcome is in the stream once. After a lost answer the same call is repeated under its name, which
//! changes nothing and gives the answer that was lost. A crash before the call leaves the orders pending and their steps in
//! the ledger.

use std::time::Instant;

use contract::command::FIRST_VERSION;
use runtime::{clock::Clock, trace_context};
use streams::{Finish, Finisher, InHand};
use tokio::sync::mpsc;
use tokio_util::sync::DropGuard;
use tracing::{Instrument, Span, field::Empty};

use crate::{
    ledger::{Attempt, Notes, Superseded},
    metrics::WorkerMetrics,
    outage::SharedOutage,
    worker::redis_backoff,
};

/// Something that was taken from the queue and has come to an end.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) partition: u16,
    pub(crate) finish: Finish,
    pub(crate) ending: Ending,
    /// Of the order's trace, where anybody collects traces.
    traceparent: Option<String>,
    /// `order.finish`: from the begin of the ledger's commit to the fence's answer.
    span: Span,
}

impl Finished {
    pub(crate) const fn new(
        partition: u16,
        finish: Finish,
        ending: Ending,
        traceparent: Option<String>,
    ) -> Self {
        Self { partition, finish, ending, traceparent, span: Span::none() }
    }

    /// Begins `order.finish` for each; `commit` is the span of the transaction that they share.
    pub(crate) fn begin(batch: &mut [Self], commit: &Span) {
        let spans = trace_context::each_in_batch(commit, batch.iter(), |finished| {
            let order = finished.finish.order.map(|order| order.to_string());
            let span = tracing::debug_span!("order.finish", order.id = order, fence.won = Empty);
            (span, finished.traceparent.as_deref())
        });
        for (finished, span) in batch.iter_mut().zip(spans) {
            finished.span = span;
        }
    }
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
        let report = tracing::debug_span!("finish.report", orders = batch.len());
        for finished in &batch {
            trace_context::link(&report, finished.traceparent.as_deref());
        }
        let (finishes, endings): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|finished| (finished.finish, (finished.ending, finished.span))).unzip();
        let begun = Instant::now();
        let won = self.report(&finishes).instrument(report).await;
        self.metrics.finish_seconds.observe(begun.elapsed().as_secs_f64());
        let entries: Vec<_> = finishes.iter().map(|finish| finish.entry).collect();
        self.in_hand.release(&entries);
        self.metrics.in_hand.sub(entries.len() as i64);
        self.metrics.finish_batch.observe(entries.len() as f64);
        for ((ending, span), won) in endings.into_iter().zip(won) {
            span.record("fence.won", won);
            self.settle(ending, won);
        }
    }

    /// What the fence answers for each.
    async fn report(&self, finishes: &[Finish]) -> Vec<bool> {
        let call = self.finisher.call();
        let mut backoff = redis_backoff();
        loop {
            match self.finisher.finish(&call, finishes).await {
                Ok(won) => {
                    self.outage.recovered();
                    return won;
                }
                Err(error) => self.outage.failed(&error),
            }
            backoff.wait().await;
        }
    }

    fn settle(&self, ending: Ending, won: bool) {
        match ending {
            Ending::Attempt(attempt) if won => {
                self.metrics.finished(attempt.outcome).inc();
                if attempt.life == FIRST_VERSION {
                    self.metrics.ended(attempt.outcome, attempt.finished_at.since(attempt.order_id.time()));
                }
            }
            Ending::Attempt(attempt) => {
                tracing::debug!(order.id = %attempt.order_id, entry = %attempt.entry, "somebody else finished the order");
                self.metrics.fence_lost.inc();
                self.notes.add(Superseded { attempt, at: self.clock.now() });
            }
            Ending::Dead if won => self.metrics.dead_letters.inc(),
            Ending::Dead | Ending::Gone => {}
        }
    }
}
