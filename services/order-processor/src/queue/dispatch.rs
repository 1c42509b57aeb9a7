//! From a batch of entries to orders in work, each with its slot, and on to the ledger.

use std::sync::Arc;

use contract::OrderId;
use streams::{Effect, Entry, EntryId, Finish, InHand};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    task::{JoinError, JoinSet},
};
use tracing::Instrument;

use super::{accept::accepting, delivery::Delivery, order::Order};
use crate::{
    finish::{Ending, Finished},
    outcome::conclude,
    worker::Worker,
};

/// Starts the work on what one reader of one partition was given. Dropping it drops the work.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    worker: Arc<Worker>,
    partition: u16,
    finished: mpsc::Sender<Finished>,
    in_hand: InHand,
    in_work: JoinSet<()>,
}

impl Dispatcher {
    /// `finished` is where the ended orders go: to the ledger's writer. `in_hand` is what the reader holds.
    pub(crate) fn new(
        worker: Arc<Worker>,
        partition: u16,
        finished: mpsc::Sender<Finished>,
        in_hand: InHand,
    ) -> Self {
        Self { worker, partition, finished, in_hand, in_work: JoinSet::new() }
    }

    pub(super) fn worker(&self) -> &Worker {
        &self.worker
    }

    /// Starts the work. `slots` has one for each entry at least; what is left over is given back at once.
    ///
    /// # Errors
    /// When an earlier order's work has panicked: there is a mistake in the program.
    pub(super) async fn dispatch(
        &mut self,
        entries: Vec<Entry>,
        mut slots: OwnedSemaphorePermit,
    ) -> Result<(), JoinError> {
        self.reap()?;
        self.worker.metrics.in_hand.add(entries.len() as i64);
        let orders = self.read(entries).await;
        if orders.is_empty() {
            return Ok(());
        }
        let mut accepted = self.worker.ledger.accepted(&orders).await;
        let batch = orders.iter().map(|order| order.accept(&self.worker.name)).collect();
        let (accepting, acceptance) =
            accepting(self.worker.clone(), self.partition, self.in_hand.clone(), batch);
        self.in_work.spawn(accepting);
        for order in orders {
            let slot = slots.split(1).expect("a slot for each entry");
            let accepted = accepted.remove(&order.id).unwrap_or_default();
            let (worker, finished) = (self.worker.clone(), self.finished.clone());
            let (acceptance, span) = (acceptance.clone(), order.span.clone());
            let work = async move {
                if acceptance.may_begin(order.entry).await {
                    let run = worker.pipeline.run(&order.work(), &accepted).await;
                    // Nobody takes it any more: the service is going down, and it will be delivered again.
                    let _ = finished.send(conclude(&worker, order, run)).await;
                }
                drop(slot);
            };
            self.in_work.spawn(work.instrument(span));
        }
        Ok(())
    }

    /// Waits until the work on everything that was dispatched has ended.
    pub(super) async fn finish(mut self) -> Result<(), JoinError> {
        while let Some(ended) = self.in_work.join_next().await {
            ended?;
        }
        Ok(())
    }

    /// The orders; everything else goes straight to its end.
    async fn read(&self, entries: Vec<Entry>) -> Vec<Order> {
        let now = self.worker.clock.now();
        let mut orders = Vec::with_capacity(entries.len());
        for entry in entries {
            match Delivery::read(entry) {
                Delivery::Order(taken) => orders.push(Order::new(taken, self.partition, now)),
                Delivery::Dead { entry, order, reason, fields } => {
                    tracing::warn!(entry = %entry, reason, "setting aside a message that is no command");
                    self.end(entry, order, vec![Effect::Dead { reason, fields }], Ending::Dead).await;
                }
                Delivery::Gone(entry) => self.end(entry, None, Vec::new(), Ending::Gone).await,
            }
        }
        orders
    }

    async fn end(&self, entry: EntryId, order: Option<OrderId>, effects: Vec<Effect>, ending: Ending) {
        let finish = Finish { entry, order, effects };
        let finished = Finished { partition: self.partition, finish, ending };
        // As above.
        let _ = self.finished.send(finished).await;
    }

    fn reap(&mut self) -> Result<(), JoinError> {
        while let Some(ended) = self.in_work.try_join_next() {
            ended?;
        }
        Ok(())
    }
}
