//! Rows of the outbox: read, deleted, counted.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use contract::Timestamp;
use runtime::db::Database;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use tokio::time::timeout;
use uuid::Uuid;

use super::{kind::Kind, marks::Marks};
use crate::entities::{order, outbox};

/// Whoever only wants to know how much there is waits no longer than this.
const LOOK: Duration = Duration::from_secs(2);

/// A row with its order.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) seq: i64,
    pub(crate) kind: Kind,
    /// The order's version before what is asked for.
    pub(crate) version: i32,
    /// The attempt that is asked for.
    pub(crate) attempt: i32,
    /// What is to be undone, a JSON list of steps; `None`: everything.
    pub(crate) steps: Option<String>,
    /// W3C trace context of the request.
    pub(crate) traceparent: Option<String>,
    pub(crate) order: Arc<order::Model>,
}

impl Pending {
    fn of(row: outbox::Model, order: order::Model) -> Result<Self, DbErr> {
        let outbox::Model { seq, kind, version, attempt, steps, traceparent, .. } = row;
        let known = Kind::of(&kind);
        let kind =
            known.ok_or_else(|| DbErr::Type(format!("outbox row {seq} has the unknown kind {kind:?}")))?;
        Ok(Self { seq, kind, version, attempt, steps, traceparent, order: order.into() })
    }
}

/// The next rows of one producer after a number.
pub(super) async fn of_producer(
    reader: &DatabaseConnection,
    producer: Uuid,
    after: i64,
    limit: usize,
) -> Result<Vec<Pending>, DbErr> {
    let rows = outbox::Entity::find()
        .find_also_related(order::Entity)
        .filter(outbox::Column::Producer.eq(producer))
        .filter(outbox::Column::Seq.gt(after))
        .order_by_asc(outbox::Column::Seq)
        .limit(limit as u64)
        .all(reader)
        .await?;
    // Both are written in one transaction, and orders are never deleted before they are published.
    rows.into_iter().filter_map(|(row, order)| Some(Pending::of(row, order?))).collect()
}

/// Every other producer that left rows: earlier runs, and other replicas. From one to the next in the index: a backlog has
/// many rows of few producers, and none is looked at but the first of each.
pub(crate) async fn other_producers(reader: &DatabaseConnection, own: Uuid) -> Result<Vec<Uuid>, DbErr> {
    let (mut others, mut after) = (Vec::new(), Uuid::nil());
    loop {
        let next: Option<Uuid> = outbox::Entity::find()
            .select_only()
            .column(outbox::Column::Producer)
            .filter(outbox::Column::Producer.gt(after))
            .order_by_asc(outbox::Column::Producer)
            .limit(1)
            .into_tuple()
            .one(reader)
            .await?;
        let Some(producer) = next else { return Ok(others) };
        after = producer;
        others.extend((producer != own).then_some(producer));
    }
}

/// Deletes what is published, up to and with a number, and stores with it how far Redis is.
pub(super) async fn delete(
    database: &Database,
    producer: Uuid,
    up_to: i64,
    marks: &Marks,
) -> Result<(), DbErr> {
    let transaction = database.begin_write().await?;
    outbox::Entity::delete_many()
        .filter(outbox::Column::Producer.eq(producer))
        .filter(outbox::Column::Seq.lte(up_to))
        .exec(&transaction)
        .await?;
    marks.save(&transaction).await?;
    transaction.commit().await
}

/// What is accepted and not published yet. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Backlog {
    reader: DatabaseConnection,
    own: Uuid,
    /// Rows of this run up to here are published; they may still be there.
    published: Arc<AtomicI64>,
}

impl Backlog {
    /// `own` is the producer whose rows the relay counts.
    pub(crate) fn new(reader: &DatabaseConnection, own: Uuid) -> Self {
        Self { reader: reader.clone(), own, published: Arc::default() }
    }

    pub(crate) const fn producer(&self) -> Uuid {
        self.own
    }

    pub(super) fn published_up_to(&self, seq: i64) {
        self.published.store(seq, Ordering::Relaxed);
    }

    /// How many orders that are.
    pub(crate) async fn count(&self) -> Result<u64, DbErr> {
        outbox::Entity::find().filter(self.rows()).count(&self.reader).await
    }

    /// How many that are, and for how many seconds the oldest of them has waited. `None`: the database does not answer in
    /// time.
    pub(crate) async fn look(&self, now: Timestamp) -> Option<(u64, f64)> {
        let look = async { Ok::<_, DbErr>((self.count().await?, self.oldest().await?)) };
        let (count, oldest) = timeout(LOOK, look).await.ok()?.ok()?;
        Some((count, oldest.map_or(0.0, |oldest| now.since(oldest).as_secs_f64())))
    }

    /// When the oldest of those that have never been published was accepted. Of each producer the first one: they are
    /// published in the order of their numbers.
    async fn oldest(&self) -> Result<Option<Timestamp>, DbErr> {
        let mut oldest = self.first_after(self.own, self.published.load(Ordering::Relaxed)).await?;
        for producer in other_producers(&self.reader, self.own).await? {
            let first = self.first_after(producer, 0).await?;
            oldest = oldest.into_iter().chain(first).min();
        }
        Ok(oldest)
    }

    /// When the first order of a producer after a number was accepted. Orders that are published again are passed over: of
    /// these no row says since when they wait.
    async fn first_after(&self, producer: Uuid, seq: i64) -> Result<Option<Timestamp>, DbErr> {
        let first = outbox::Entity::find()
            .find_also_related(order::Entity)
            .filter(outbox::Column::Producer.eq(producer))
            .filter(outbox::Column::Seq.gt(seq))
            .filter(outbox::Column::Kind.eq(Kind::Place.as_str()))
            .order_by_asc(outbox::Column::Seq)
            .limit(1)
            .one(&self.reader)
            .await?;
        // Placed, or let be tried once more: nothing has happened to it since.
        Ok(first.and_then(|(_, order)| Some(Timestamp::from_micros(order?.updated_at))))
    }

    /// Those of these orders that are among them, each with the newest of its versions there.
    pub(crate) async fn of(
        &self,
        connection: &impl ConnectionTrait,
        orders: &[Uuid],
    ) -> Result<HashMap<Uuid, i32>, DbErr> {
        let found: Vec<(Uuid, i32)> = outbox::Entity::find()
            .select_only()
            .columns([outbox::Column::OrderId, outbox::Column::Version])
            .filter(outbox::Column::OrderId.is_in(orders.iter().copied()))
            .filter(self.rows())
            .order_by_asc(outbox::Column::Version)
            .into_tuple()
            .all(connection)
            .await?;
        Ok(found.into_iter().collect())
    }

    fn rows(&self) -> Expr {
        let published = outbox::Column::Seq.lte(self.published.load(Ordering::Relaxed));
        outbox::Column::Producer.eq(self.own).and(published).not()
    }
}
