//! The ledger: which steps were done outside for which order, and undone, in this service's own database.
//!
//! Between [`outcome`](crate::outcome) and [`finish`](crate::finish): the [`writer`] commits what has finished before
//! anything is acknowledged. So when an order comes back, whatever this service did for it and knows of is
//! [here](Ledger::accepted), and is not done again; nor is what it has [undone](Ledger::undone).
//!
//! Guarantee: what is reported was committed before (SQLite: with `synchronous = full`, it survives a power cut). A crash
//! before the commit means that the order comes back and its steps are called again, with the same idempotency keys. A
//! commit whose answer is lost is repeated and leaves the same rows twice, which says the same. What has to be undone is
//! not read from here, but comes with the command: workers with databases of their own don't know all of it.

mod known;
mod rows;
mod writer;

use std::{collections::HashMap, sync::Arc};

use contract::{OrderId, StepReport, Timestamp};
use runtime::{backoff::Backoff, db::Database};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr,
};
use streams::EntryId;

use self::known::{Known, Life};
pub(crate) use self::writer::{Notes, Writer};
use crate::{
    entities::attempt,
    outage::SharedOutage,
    outcome::Outcome,
    queue::{Compensation, Order},
};

/// One finished attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) order_id: OrderId,
    /// The version that this life of the order was placed with.
    pub(crate) life: u32,
    pub(crate) version: u32,
    /// 1 for the first.
    pub(crate) number: u32,
    pub(crate) entry: EntryId,
    pub(crate) worker: Arc<str>,
    pub(crate) outcome: Outcome,
    pub(crate) reason: Option<String>,
    /// A JSON list of step reports.
    pub(crate) steps: String,
    pub(crate) started_at: Timestamp,
    pub(crate) finished_at: Timestamp,
}

/// An attempt whose order somebody else had finished already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Superseded {
    pub(crate) attempt: Attempt,
    pub(crate) at: Timestamp,
}

/// The steps of each order that need not be done, or undone, again.
pub(crate) type KnownSteps = HashMap<OrderId, Vec<StepReport>>;

/// Clones share the connections.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    database: Database,
    outage: SharedOutage,
}

impl Ledger {
    pub(crate) fn new(database: Database) -> Self {
        Self { database, outage: SharedOutage::new("database") }
    }

    /// Writes everything in one transaction, or nothing.
    pub(crate) async fn record(&self, attempts: &[&Attempt], superseded: &[Superseded]) -> Result<(), DbErr> {
        if attempts.is_empty() && superseded.is_empty() {
            return Ok(());
        }
        let transaction = self.database.begin_write().await?;
        rows::insert(&transaction, attempts).await?;
        for note in superseded {
            mark(&transaction, note).await?;
        }
        transaction.commit().await
    }

    /// The steps that are accepted for those of the orders that have been tried before.
    pub(crate) async fn accepted(&self, orders: &[Order]) -> KnownSteps {
        let tried = orders.iter().filter(|order| order.may_have_been_tried());
        self.known(Known::Accepted, tried.map(|order| (order.id, Life(order.command.life))).collect()).await
    }

    /// The steps that are undone for those of the orders for which that has been tried before.
    pub(crate) async fn undone(&self, orders: &[Compensation]) -> KnownSteps {
        let tried = orders.iter().filter(|order| order.may_have_been_tried());
        self.known(Known::Undone, tried.map(|order| (order.id, Life(order.command.life))).collect()).await
    }

    /// Waits for as long as the database does not answer: not knowing would mean to call them again.
    async fn known(&self, known: Known, orders: HashMap<OrderId, Life>) -> KnownSteps {
        if orders.is_empty() {
            return KnownSteps::new();
        }
        let mut backoff = Backoff::reconnect();
        loop {
            match self.attempts_at(&orders).await {
                Ok(rows) => {
                    self.outage.recovered();
                    return known.steps(&rows, &orders);
                }
                Err(error) => self.outage.failed(&error),
            }
            backoff.wait().await;
        }
    }

    /// Oldest first.
    async fn attempts_at(&self, orders: &HashMap<OrderId, Life>) -> Result<Vec<attempt::Model>, DbErr> {
        let ids = orders.keys().map(|order| order.as_uuid());
        attempt::Entity::find()
            .filter(attempt::Column::OrderId.is_in(ids))
            .order_by_asc(attempt::Column::Id)
            .all(&self.database.reader)
            .await
    }
}

async fn mark(transaction: &DatabaseTransaction, note: &Superseded) -> Result<(), DbErr> {
    let Superseded { attempt, at } = note;
    attempt::Entity::update_many()
        .col_expr(attempt::Column::SupersededAt, Expr::value(at.as_micros()))
        .filter(attempt::Column::OrderId.eq(attempt.order_id.as_uuid()))
        .filter(attempt::Column::Version.eq(i64::from(attempt.version)))
        .filter(attempt::Column::Worker.eq(&*attempt.worker))
        .filter(attempt::Column::FinishedAt.eq(attempt.finished_at.as_micros()))
        .exec(transaction)
        .await?;
    Ok(())
}
