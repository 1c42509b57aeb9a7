//! What the projection does when events were lost: it notes the loss, reads every order from order-api, and corrects what
//! the lost events would have changed.
//!
//! A loss and the wish to rebuild are written in one transaction, and each page of orders in one with how far the pages
//! have been read: a crash at any point goes on where it was. Nothing is counted twice, since an order is corrected only where
//! order-api knows of more than was applied; events that come after that are ignored as known. So orders may be read as
//! often as one likes, while events are applied at the same time.
//!
//! All orders are read twice, some seconds apart: when Redis loses events, order-api may still be finding out itself.
//!
//! Replicas take turns by a claim that lasts for a while. A page that was read under one that is over, or for a rebuild that
//! has begun anew since, is not applied.

use std::{sync::atomic::Ordering, time::Duration};

use contract::{OrderId, Timestamp};
use sea_orm::DbErr;
use streams::{EntryId, Progress};

use super::{OrderRecord, Projection, change::Change, record::Page, store};

/// How often all orders are read.
pub(super) const PASSES: u8 = 2;

/// How far a partition was read, and in which data set of Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The newest entry that was applied.
    pub entry: EntryId,
    /// Empty as long as it is not known.
    pub epoch: String,
}

/// A rebuild that is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebuild {
    pub(super) revision: i64,
    /// This one, and those after it.
    pub passes_left: u8,
    /// The last order that this pass has read.
    pub after: Option<OrderId>,
    /// Nothing is to be read before.
    pub due_at: Timestamp,
    pub begun_at: Timestamp,
    /// In all passes together.
    pub orders_read: u64,
    pub orders_corrected: u64,
}

/// What became of a loss that was noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// Another replica had noted it.
    Known,
    /// All orders are to be read.
    Begun,
    /// All orders are to be read, from the first one on, although a rebuild was under way.
    BegunAnew,
    /// The numbers stay as they are.
    NoRebuild,
}

/// What a page led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrected {
    /// Orders whose events had not all been applied.
    pub orders: usize,
    pub then: Then,
}

/// What is to be done after a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// More pages.
    GoOn(Rebuild),
    /// Nothing: it is done.
    Finished(Rebuild),
    /// Whatever the database says: the page was not applied.
    LookAgain,
}

impl Rebuild {
    /// After a page with so many orders.
    fn step(&self, page: &Page, corrected: usize, now: Timestamp, again: Duration) -> Self {
        let counted = Self {
            after: page.next,
            orders_read: self.orders_read + page.orders.len() as u64,
            orders_corrected: self.orders_corrected + corrected as u64,
            ..self.clone()
        };
        match page.next {
            Some(_) => counted,
            None => Self { passes_left: self.passes_left.saturating_sub(1), due_at: now + again, ..counted },
        }
    }
}

impl Projection {
    /// How far a partition was read; `None`: nothing of it was ever seen.
    pub async fn reached(&self, partition: u16) -> Result<Option<Reached>, DbErr> {
        store::reached(&self.database.reader, partition).await
    }

    /// Notes the data set of a partition of which none is known.
    pub async fn name_epoch(&self, partition: u16, epoch: &str) -> Result<(), DbErr> {
        store::name_epoch(&self.database.writer, partition, epoch, self.clock.now()).await
    }

    /// Notes that events of a partition were lost since it had `reached` there: it goes on in what Redis has now, and all
    /// orders are to be read, if there is somebody to ask.
    pub async fn note_loss(
        &self,
        partition: u16,
        reached: Option<&Reached>,
        found: &Progress,
        can_rebuild: bool,
    ) -> Result<Noted, DbErr> {
        let now = self.clock.now();
        let transaction = self.database.begin_write().await?;
        if !store::replace(&transaction, partition, reached, found, now).await? {
            return Ok(Noted::Known);
        }
        let noted = if !can_rebuild {
            Noted::NoRebuild
        } else if store::begin_rebuild(&transaction, now).await? {
            Noted::BegunAnew
        } else {
            Noted::Begun
        };
        transaction.commit().await?;
        self.is_stale.store(true, Ordering::Release);
        if let Err(error) = self.load().await {
            tracing::debug!(%error, "the numbers are loaded anew by whatever is applied next");
        }
        Ok(noted)
    }

    /// The rebuild, if something of it is due and no other replica works on it; it is ours then for as long as this.
    pub async fn claim_rebuild(&self, instance: &str, lasting: Duration) -> Result<Option<Rebuild>, DbErr> {
        let now = self.clock.now();
        // Mostly there is none, and then nothing is written.
        match store::rebuild(&self.database.reader).await? {
            Some(rebuild) if rebuild.due_at <= now => {}
            _ => return Ok(None),
        }
        if !store::claim_rebuild(&self.database.writer, instance, now, lasting).await? {
            return Ok(None);
        }
        let rebuild = store::rebuild(&self.database.writer).await?;
        Ok(rebuild.filter(|rebuild| rebuild.due_at <= now))
    }

    /// Corrects the orders of the page that follows on what the rebuild has read. The next pass is due `again` after the last page.
    pub async fn correct(&self, rebuild: &Rebuild, page: &Page, again: Duration) -> Result<Corrected, DbErr> {
        if self.is_stale.load(Ordering::Acquire) {
            self.load().await?;
        }
        let _memory_is_not_loaded = self.loading.read().await;
        let committed = self.commit_page(rebuild, page, again).await.inspect_err(|_| {
            self.is_stale.store(true, Ordering::Release);
        })?;
        let Some((change, next)) = committed else {
            return Ok(Corrected { orders: 0, then: Then::LookAgain });
        };
        let is_finished = next.passes_left == 0;
        if let Some(numbers) = &mut *self.write() {
            numbers.change(&change);
            numbers.rebuilding = !is_finished;
        }
        self.changes.send_replace(());
        let then = if is_finished { Then::Finished(next) } else { Then::GoOn(next) };
        Ok(Corrected { orders: change.orders.len(), then })
    }

    async fn commit_page(
        &self,
        rebuild: &Rebuild,
        page: &Page,
        again: Duration,
    ) -> Result<Option<(Change, Rebuild)>, DbErr> {
        let now = self.clock.now();
        let transaction = self.database.begin_write().await?;
        // First of all: the orders are of any partition.
        store::hold_all(&transaction).await?;
        let ids = page.orders.iter().map(|OrderRecord { order_id, .. }| *order_id);
        let known = store::orders(&transaction, ids).await?;
        let change = Change::corrected(now, known, &page.orders);
        let next = rebuild.step(page, change.orders.len(), now, again);
        if !store::go_on_with_rebuild(&transaction, rebuild, &next, change.as_of).await? {
            return Ok(None);
        }
        store::save(&transaction, &change).await?;
        transaction.commit().await?;
        Ok(Some((change, Rebuild { revision: rebuild.revision + 1, ..next })))
    }
}
