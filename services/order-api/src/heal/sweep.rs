//! One pass over the unfinished orders.
//!
//! 1. Which of them have no live message? Asked together with how far the events are, at one moment.
//! 2. Wait until this service has applied every event up to there. An order that was finished is known to be so by then.
//! 3. What is still unfinished, and has not moved, is put into the outbox again; the writer looks once more, in its
//!    transaction.
//!
//! Cancelled orders are cancelled again if Redis has forgotten that: it then has their message as if nothing had happened.

use std::{collections::BTreeMap, time::Duration};

use contract::{OrderId, Status, Step, command::process_id};
use runtime::{clock::Clock, db::Database};
use sea_orm::{
    ColumnTrait, Condition, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    Select, Value, sea_query::Expr,
};
use streams::{
    EntryId, Redis, StreamError,
    absent::{self, absent},
    cancel::{Cancellation, Cancelled, cancel},
    keys::ORDER_API,
    progress::progress,
};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    entities::order,
    events::cancelled_event,
    intake::{Again, Intake, IntakeError, Outcome, Wish},
    metrics::ApiMetrics,
    outbox::note_found,
};

/// How often to look whether the events have been applied, and for how long.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
const CATCH_UP: Duration = Duration::from_mins(1);
/// A cancellation that was lost is found for this long; by then the order's message has been taken.
const CANCELLED_SINCE: Duration = Duration::from_hours(1);

#[derive(Debug, thiserror::Error)]
pub(crate) enum SweepError {
    #[error(transparent)]
    Streams(#[from] StreamError),
    #[error("database: {0}")]
    Database(#[from] DbErr),
    #[error(transparent)]
    Intake(#[from] IntakeError),
    #[error("the events of partition {0} have not been applied in time")]
    Behind(u16),
}

pub(crate) struct Sweeper {
    pub(crate) database: Database,
    pub(crate) redis: Redis,
    pub(crate) intake: Intake,
    pub(crate) clock: Clock,
    pub(crate) metrics: ApiMetrics,
}

/// What is looked at of an order.
#[derive(Clone, Copy, Debug, FromQueryResult)]
struct Unfinished {
    id: Uuid,
    version: i32,
    life: i32,
    placed_at: i64,
    updated_at: i64,
}

fn unfinished() -> Select<order::Entity> {
    order::Entity::find().select_only().columns([
        order::Column::Id,
        order::Column::Version,
        order::Column::Life,
        order::Column::PlacedAt,
        order::Column::UpdatedAt,
    ])
}

impl Unfinished {
    const fn order_id(&self) -> OrderId {
        OrderId::from_uuid(self.id)
    }
}

impl Sweeper {
    /// Looks at the orders, of one partition or all, that have not moved for `age`; how many are published again.
    pub(super) async fn sweep(&self, partition: Option<u16>, age: Duration) -> Result<usize, SweepError> {
        let before = self.clock.now().as_micros().saturating_sub(age.as_micros() as i64);
        let mut republished = 0;
        for which in [
            order::Column::Status.eq(Status::Pending.as_str()),
            order::Column::Status.eq(Status::Processing.as_str()),
            // As the index names it, which holds few of all orders.
            Expr::col(order::Column::Compensating),
        ] {
            let which = Condition::all().add(which).add(order::Column::UpdatedAt.lte(before));
            let mut after = Uuid::nil();
            loop {
                let page = unfinished().filter(which.clone()).filter(order::Column::Id.gt(after));
                let page = self.page(page.order_by_asc(order::Column::Id)).await?;
                let Some(last) = page.last() else { break };
                after = last.id;
                for (partition, orders) in self.by_partition(page, partition) {
                    republished += self.look_for(partition, &orders).await?;
                }
            }
        }
        self.cancel_again(partition).await?;
        Ok(republished)
    }

    /// Publishes those again that have lost their message.
    async fn look_for(&self, partition: u16, orders: &[Unfinished]) -> Result<usize, SweepError> {
        let ids: Vec<OrderId> = orders.iter().map(Unfinished::order_id).collect();
        let found = absent(&self.redis, partition, &ids).await?;
        if found.orders.is_empty() {
            return Ok(0);
        }
        self.until_applied(partition, found.events_up_to).await?;
        let versions: BTreeMap<OrderId, i32> =
            orders.iter().map(|order| (order.order_id(), order.version)).collect();
        let wish = |order_id| Again {
            order_id,
            wish: Wish::Republish { version: versions[&order_id] },
            traceparent: None,
        };
        let outcomes = self.intake.again(found.orders.into_iter().map(wish).collect()).await?;
        let done = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Done(_))).count();
        self.metrics.republished.inc_by(done as u64);
        if done > 0 {
            note_found(&self.database.writer, partition, self.clock.now()).await?;
        }
        Ok(done)
    }

    async fn until_applied(&self, partition: u16, event: EntryId) -> Result<(), SweepError> {
        let deadline = Instant::now() + CATCH_UP;
        while !progress(&self.redis, partition, ORDER_API).await?.is_through(event) {
            if Instant::now() >= deadline {
                return Err(SweepError::Behind(partition));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// What Redis has forgotten is told to it once more. Where a worker was faster, its report is answered by a
    /// compensation.
    async fn cancel_again(&self, partition: Option<u16>) -> Result<(), SweepError> {
        let since = self.clock.now().as_micros().saturating_sub(CANCELLED_SINCE.as_micros() as i64);
        let mut after = (since, Uuid::nil());
        loop {
            // By the time of their end, in the words of the index that has the cancelled ones in this order.
            let page = unfinished()
                .filter(Expr::cust("NOT (status <> 'cancelled')"))
                // What undoes a cancelled order is not to be cancelled.
                .filter(order::Column::Compensating.eq(false))
                .filter(Expr::cust_with_values(
                    "(updated_at, id) > (?, ?)",
                    [Value::from(after.0), after.1.into()],
                ))
                .order_by_asc(order::Column::UpdatedAt)
                .order_by_asc(order::Column::Id);
            let page = self.page(page).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = (last.updated_at, last.id);
            for (partition, orders) in self.by_partition(page, partition) {
                let ids: Vec<OrderId> = orders.iter().map(Unfinished::order_id).collect();
                let gone = absent(&self.redis, partition, &ids).await?.orders;
                for order in orders.iter().filter(|order| !gone.contains(&order.order_id())) {
                    self.cancel_one(*order).await?;
                }
            }
        }
    }

    async fn cancel_one(&self, cancelled: Unfinished) -> Result<(), SweepError> {
        let Unfinished { life, placed_at, .. } = cancelled;
        let order = cancelled.order_id();
        let event = cancelled_event(order, life, placed_at, &self.clock).to_fields();
        let command = process_id(order, life.unsigned_abs());
        let cancellation = Cancellation { order, command: &command, expected: None, event: &event };
        if cancel(&self.redis, &cancellation).await? != Cancelled::Now {
            return Ok(());
        }
        // Redis had forgotten it, and perhaps a worker to whom it had given the order before.
        note_found(&self.database.writer, self.redis.keys().partition_of(order), self.clock.now()).await?;
        let steps = Step::ALL.into_iter().rev().collect();
        let wish = Wish::Compensate { version: cancelled.version.unsigned_abs(), steps };
        self.intake.again(vec![Again { order_id: order, wish, traceparent: None }]).await?;
        Ok(())
    }

    async fn page(&self, which: Select<order::Entity>) -> Result<Vec<Unfinished>, DbErr> {
        which.limit(absent::MOST as u64).into_model().all(&self.database.reader).await
    }

    fn by_partition(&self, page: Vec<Unfinished>, only: Option<u16>) -> BTreeMap<u16, Vec<Unfinished>> {
        let mut partitions: BTreeMap<u16, Vec<Unfinished>> = BTreeMap::new();
        for order in page {
            let partition = self.redis.keys().partition_of(order.order_id());
            if only.is_none_or(|only| only == partition) {
                partitions.entry(partition).or_default().push(order);
            }
        }
        partitions
    }
}
