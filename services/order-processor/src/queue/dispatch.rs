//! From a batch of entries to orders in work, each with its slot, and on to the ledger.

use std::sync::Arc;

use contract::OrderId;
use futures_util::{StreamExt, future::Either, stream::FuturesUnordered};
use streams::{Effect, Entry, EntryId, Finish, InHand};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    task::{JoinError, JoinSet},
};
use tracing::Instrument;

use super::{
    accept::until_accepted,
    delivery::Delivery,
    order::{Compensation, Order},
};
use crate::{
    finish::{Ending, Finished},
    ledger::KnownSteps,
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
struct Batch {
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
        self.worker.metrics.delivered(&entries);
        let batch = self.read(entries).await;
        let wanted = batch.len();
        drop(slots.split(slots.num_permits().saturating_sub(wanted)));
        if wanted == 0 {
            return Ok(());
        }
        let accepted = self.worker.ledger.accepted(&batch.orders).await;
        let undone = self.worker.ledger.undone(&batch.compensations).await;
        let (worker, partition) = (self.worker.clone(), self.partition);
        let (in_hand, finished) = (self.in_hand.clone(), self.finished.clone());
        self.in_work.spawn(async move {
            let batch = batch.accepted(&worker, partition, &in_hand).await;
            drop(slots.split(slots.num_permits().saturating_sub(batch.len())));
            batch.work(&worker, accepted, undone, &finished, slots).await;
        });
        Ok(())
    }

    /// Waits until the work on everything that was dispatched has ended.
    pub(super) async fn finish(mut self) -> Result<(), JoinError> {
        while let Some(ended) = self.in_work.join_next().await {
            ended?;
        }
        Ok(())
    }

    /// What there is to do; everything else goes straight to its end.
    async fn read(&self, entries: Vec<Entry>) -> Batch {
        let now = self.worker.clock.now();
        let mut read = Batch { orders: Vec::with_capacity(entries.len()), compensations: Vec::new() };
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
        let finished = Finished::new(self.partition, finish, ending, None);
        // Nobody takes it any more: the service is going down, and it will be delivered again.
        let _ = self.finished.send(finished).await;
    }

    fn reap(&mut self) -> Result<(), JoinError> {
        while let Some(ended) = self.in_work.try_join_next() {
            ended?;
        }
        Ok(())
    }
}

impl Batch {
    const fn len(&self) -> usize {
        self.orders.len() + self.compensations.len()
    }

    /// Without those that are laid aside.
    async fn accepted(mut self, worker: &Worker, partition: u16, in_hand: &InHand) -> Self {
        let asked = self.orders.iter().map(|order| order.accept(&worker.name));
        let asked = asked.chain(self.compensations.iter().map(Compensation::accept)).collect();
        let aside = until_accepted(worker, partition, in_hand, asked).await;
        if !aside.is_empty() {
            self.orders.retain(|order| !order.is_laid_aside(&aside));
            self.compensations.retain(|compensation| !compensation.is_laid_aside(&aside));
        }
        self
    }

    /// Works on all of it side by side, and passes on what has ended; then its slot is free.
    ///
    /// In one task: a task for each order would cost more than an order whose steps take no time.
    async fn work(
        self,
        worker: &Worker,
        accepted: KnownSteps,
        undone: KnownSteps,
        finished: &mpsc::Sender<Finished>,
        mut slots: OwnedSemaphorePermit,
    ) {
        let (accepted, undone) = (&accepted, &undone);
        let orders = self.orders.into_iter().map(|order| {
            let span = order.span.clone();
            let work = async move {
                let known = accepted.get(&order.id).map_or(&[][..], Vec::as_slice);
                let run = worker.pipeline.run(&order.work(), known).await;
                conclude(worker, order, run)
            };
            Either::Left(work.instrument(span))
        });
        let compensations = self.compensations.into_iter().map(|compensation| {
            let span = compensation.span.clone();
            let work = async move {
                let known = undone.get(&compensation.id).cloned().unwrap_or_default();
                let steps = &compensation.command.steps;
                let undoing = worker.pipeline.undo(&compensation.work(), steps, known).await;
                conclude_compensation(worker, compensation, undoing)
            };
            Either::Right(work.instrument(span))
        });
        let most = slots.num_permits().max(1);
        let pass_on = |work| async move {
            // As above. While the ledger has no room, only what has ended waits for it: the steps of the others go on.
            let _ = finished.send(work.await).await;
        };
        let in_work: FuturesUnordered<_> = orders.chain(compensations).map(pass_on).collect();
        let mut ended = in_work.ready_chunks(most);
        while let Some(ended) = ended.next().await {
            drop(slots.split(ended.len()));
        }
    }
}
