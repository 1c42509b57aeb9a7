//! The projection: events in, numbers out.
//!
//! A batch of events is applied in one transaction: where each order stands, the sums that change with it, and the
//! position in the stream. The same change is then made in memory, which is what everything is served from.
//!
//! **Each event counts once.** Every order's row has the version of the last event that was applied, and an event that
//! is not above it is ignored: a redelivery, a repeat, the same entry after a crash between commit and acknowledgement.
//! The position does not decide that. It says how far the projection is, and its row is what replicas on PostgreSQL
//! take turns by: whoever writes a partition's position first holds its lock until the commit.
//!
//! **What was lost is found again.** Where Redis has lost events, the orders are read from order-api ([`rebuild`]), and a
//! version tells here, too, what was counted.
//!
//! **Sums are incremented, never set**, so that the partitions, and replicas, add up.
//!
//! A crash leaves the state before or after the whole batch. After an error it may be either, so memory is loaded anew
//! before anything else is applied.

mod change;
pub mod durations;
mod numbers;
pub mod order;
pub mod rates;
pub mod rebuild;
mod record;
mod store;

use std::{
    sync::{
        PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use contract::{EventKind, Timestamp};
use runtime::{clock::Clock, db::Database};
use sea_orm::{DbBackend, DbErr};
use streams::events::Delivered;
use tokio::sync::watch;

use self::change::Change;
pub use self::{
    numbers::{Numbers, Position},
    rebuild::{Reached, Rebuild},
    record::{OrderRecord, Page},
};

/// The projection of all partitions, in the database and in memory.
#[derive(Debug)]
pub struct Projection {
    database: Database,
    clock: Clock,
    /// `None` until the first load.
    numbers: RwLock<Option<Numbers>>,
    /// Held for reading from a commit until memory has it too, for writing while memory is loaded: what is loaded
    /// is then either with a change or without it, and never gets it twice.
    loading: tokio::sync::RwLock<()>,
    /// A step failed, and what is in the database is not known.
    is_stale: AtomicBool,
    changes: watch::Sender<()>,
}

/// What became of a batch, event by event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Events that changed something.
    pub applied: Vec<EventKind>,
    /// Events that were counted before, or can't have happened.
    pub ignored: Vec<EventKind>,
}

impl Projection {
    /// Nothing is read yet: see [`load`](Self::load).
    pub fn new(database: Database, clock: Clock) -> Self {
        Self {
            database,
            clock,
            numbers: RwLock::default(),
            loading: tokio::sync::RwLock::default(),
            is_stale: AtomicBool::new(true),
            changes: watch::Sender::new(()),
        }
    }

    /// Reads all numbers from the database.
    pub async fn load(&self) -> Result<(), DbErr> {
        let _nobody_applies = self.loading.write().await;
        let loaded = store::load(&self.database, self.clock.now()).await?;
        let is_news = self.write().replace(loaded.clone()).as_ref() != Some(&loaded);
        self.is_stale.store(false, Ordering::Release);
        if is_news {
            self.changes.send_replace(());
        }
        Ok(())
    }

    /// Applies the events of one partition, in the order of its stream. Once this returns `Ok` they may be acknowledged;
    /// after an error nothing or all was applied, and they must be applied again.
    pub async fn apply(&self, partition: u16, batch: &[Delivered]) -> Result<Applied, DbErr> {
        let Some(last) = batch.iter().map(|delivered| delivered.id).max() else {
            return Ok(Applied::default());
        };
        if self.is_stale.load(Ordering::Acquire) {
            self.load().await?;
        }
        let _memory_is_not_loaded = self.loading.read().await;
        let position = Position { partition, entry: last, projected_at: self.clock.now() };
        let change = self.commit(position, batch).await.inspect_err(|_| {
            self.is_stale.store(true, Ordering::Release);
        })?;
        if let Some(numbers) = &mut *self.write() {
            numbers.change(&change);
        }
        self.changes.send_replace(());
        Ok(change.into_applied())
    }

    async fn commit(&self, position: Position, batch: &[Delivered]) -> Result<Change, DbErr> {
        let transaction = self.database.begin_write().await?;
        // First of all: whoever else has this partition waits here.
        store::advance(&transaction, position).await?;
        let orders =
            store::orders(&transaction, batch.iter().map(|delivered| delivered.event.order_id())).await?;
        let change = Change::of(position, orders, batch);
        store::save(&transaction, &change).await?;
        transaction.commit().await?;
        Ok(change)
    }

    /// The numbers as they are now; `None` until they have been loaded.
    pub fn read<T>(&self, look: impl FnOnce(&Numbers) -> T) -> Option<T> {
        self.lock().as_ref().map(look)
    }

    /// The time by which everything here is dated.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Wakes up whenever the numbers have changed.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Whether other processes may write to the same database.
    pub fn may_have_replicas(&self) -> bool {
        self.database.backend == DbBackend::Postgres
    }

    /// Forgets the counts per ten seconds that are older than this.
    pub async fn forget_older_than(&self, keep: Duration) -> Result<(), DbErr> {
        let before = rates::Bucket::of(self.clock.now()).earlier(keep);
        store::forget_before(&self.database, before).await?;
        if let Some(numbers) = &mut *self.write() {
            numbers.rates.forget_before(before);
        }
        Ok(())
    }

    fn lock(&self) -> RwLockReadGuard<'_, Option<Numbers>> {
        self.numbers.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Option<Numbers>> {
        self.numbers.write().unwrap_or_else(PoisonError::into_inner)
    }
}
