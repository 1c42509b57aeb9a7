//! The rows: which are old, which of those are still needed, and deleting the others.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use contract::{OrderId, Timestamp};
use runtime::db::{
    Database,
    prune::{STEP, padded},
};
use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    prelude::Uuid,
    sea_query::{LockBehavior, LockType},
};
use streams::{Redis, absent::absent};

use super::Trouble;
use crate::entities::attempt::{Column, Entity};

#[derive(Clone, Copy, Debug, FromQueryResult)]
pub(super) struct Old {
    pub(super) id: i64,
    order_id: Uuid,
    finished_at: i64,
}

/// The first rows behind this one, up to the first that is not older than this.
pub(super) async fn oldest(database: &Database, before: Timestamp, after: i64) -> Result<Vec<Old>, DbErr> {
    let mut rows: Vec<Old> = Entity::find()
        .select_only()
        .columns([Column::Id, Column::OrderId, Column::FinishedAt])
        .filter(Column::Id.gt(after))
        .order_by_asc(Column::Id)
        .limit(STEP as u64)
        .into_model()
        .all(&database.reader)
        .await?;
    let young = rows.iter().position(|row| row.finished_at >= before.as_micros());
    rows.truncate(young.unwrap_or(rows.len()));
    Ok(rows)
}

/// Those whose orders have no live message, and no attempt that is younger.
pub(super) async fn of_ended_orders(
    database: &Database,
    redis: &Redis,
    before: Timestamp,
    rows: Vec<Old>,
) -> Result<Vec<i64>, Trouble> {
    let orders: BTreeSet<Uuid> = rows.iter().map(|row| row.order_id).collect();
    let recent: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::OrderId)
        .filter(Column::OrderId.is_in(padded(orders.iter().copied().collect())))
        .filter(Column::FinishedAt.gte(before.as_micros()))
        .into_tuple()
        .all(&database.reader)
        .await
        .map_err(Trouble::Database)?;
    let mut partitions: BTreeMap<u16, Vec<OrderId>> = BTreeMap::new();
    for order in orders.into_iter().filter(|order| !recent.contains(order)).map(OrderId::from_uuid) {
        partitions.entry(redis.keys().partition_of(order)).or_default().push(order);
    }
    let mut ended: HashSet<Uuid> = HashSet::new();
    for (partition, orders) in partitions {
        let found = absent(redis, partition, &orders).await.map_err(Trouble::Redis)?;
        ended.extend(found.orders.into_iter().map(OrderId::as_uuid));
    }
    Ok(rows.iter().filter(|row| ended.contains(&row.order_id)).map(|row| row.id).collect())
}

/// How many are gone. Those that another worker is deleting are passed over.
pub(super) async fn delete(database: &Database, rows: Vec<i64>) -> Result<u64, DbErr> {
    if rows.is_empty() {
        return Ok(0);
    }
    let transaction = database.begin_write().await?;
    let rows: Vec<i64> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Id.is_in(padded(rows)))
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .into_tuple()
        .all(&transaction)
        .await?;
    let these = Entity::delete_many().filter(Column::Id.is_in(padded(rows)));
    let deleted = these.exec(&transaction).await?.rows_affected;
    transaction.commit().await?;
    Ok(deleted)
}
