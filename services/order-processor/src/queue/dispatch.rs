//! From a batch of entries to orders in work, each with its slot, and on to the ledger.

use std::sync::Arc;

use contract::OrderId;
use streams::{Effect, Entry, EntryId, Finish, InHand};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    task::{JoinError, JoinSet},
};
use tracing::Instrument;

use super::{
    accept::{Acceptance, accepting},
    delivery::Delivery,
    order::{Compensation, Order},
};
use crate::{
    finish::{Ending, Finished},
    outcome::{conclude, conclude_compensation},
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

/// What a batch asks for.
struct Read {
    orders: Vec<Order>,
    compensations: Vec<Compensation>,
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
        let Read { orders, compensations } = self.read(entries).await;
        if orders.is_empty() && compensations.is_empty() {
            return Ok(());
        }
        let mut accepted = self.worker.ledger.accepted(&orders).await;
        let mut undone = self.worker.ledger.undone(&compensations).await;
        let asked = orders.iter().map(|order| order.accept(&self.worker.name));
        let asked = asked.chain(compensations.iter().map(Compensation::accept)).collect();
        let (accepting, acceptance) =
            accepting(self.worker.clone(), self.partition, self.in_hand.clone(), asked);
        self.in_work.spawn(accepting);
        let mut slot = || slots.split(1).expect("a slot for each entry");
        for order in orders {
            let (entry, span) = (order.entry, order.span.clone());
            let known = accepted.remove(&order.id).unwrap_or_default();
            let worker = self.worker.clone();
            let work = async move {
                let run = worker.pipeline.run(&order.work(), &known).await;
                conclude(&worker, order, run)
            };
            self.begin(entry, acceptance.clone(), slot(), work.instrument(span));
        }
        for compensation in compensations {
            let (entry, span) = (compensation.entry, compensation.span.clone());
            let known = undone.remove(&compensation.id).unwrap_or_default();
            let worker = self.worker.clone();
            let work = async move {
                let steps = &compensation.command.steps;
                let undoing = worker.pipeline.undo(&compensation.work(), steps, known).await;
                conclude_compensation(&worker, compensation, undoing)
            };
            self.begin(entry, acceptance.clone(), slot(), work.instrument(span));
        }
        Ok(())
    }

    /// Starts the work once the message is accepted, if it is, and passes on what it ends with.
    fn begin(
        &mut self,
        entry: EntryId,
        acceptance: Acceptance,
        slot: OwnedSemaphorePermit,
        work: impl Future<Output = Finished> + Send + 'static,
    ) {
        let finished = self.finished.clone();
        self.in_work.spawn(async move {
            if acceptance.may_begin(entry).await {
                // Nobody takes it any more: the service is going down, and it will be delivered again.
                let _ = finished.send(work.await).await;
            }
            drop(slot);
        });
    }

    /// Waits until the work on everything that was dispatched has ended.
    pub(super) async fn finish(mut self) -> Result<(), JoinError> {
        while let Some(ended) = self.in_work.join_next().await {
            ended?;
        }
        Ok(())
    }

    /// What there is to do; everything else goes straight to its end.
    async fn read(&self, entries: Vec<Entry>) -> Read {
        let now = self.worker.clock.now();
        let mut read = Read { orders: Vec::with_capacity(entries.len()), compensations: Vec::new() };
        for entry in entries {
            match Delivery::read(entry) {
                Delivery::Process(taken) => read.orders.push(Order::new(taken, self.partition, now)),
                Delivery::Compensate(taken) => {
                    read.compensations.push(Compensation::new(taken, self.partition, now));
                }
                Delivery::Dead { entry, order, reason, fields } => {
                    tracing::warn!(entry = %entry, reason, "setting aside a message that is no command");
                    self.end(entry, order, vec![Effect::Dead { reason, fields }], Ending::Dead).await;
                }
                Delivery::Gone(entry) => self.end(entry, None, Vec::new(), Ending::Gone).await,
            }
        }
        read
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
