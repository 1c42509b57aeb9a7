//! Final orders with their timelines.
//!
//! Found by their ids, which are times: everything below the id of a moment was placed before it. What stays there is little:
//! orders that are not final, or have become so since, or are still being undone. An order that has a row in the outbox stays,
//! too, for the row is published from both.

use std::collections::HashSet;

use contract::{OrderId, Status, Timestamp};
use runtime::db::{
    Database,
    prune::{STEP, padded},
};
use sea_orm::{
    ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{LockBehavior, LockType},
};
use uuid::Uuid;

use crate::entities::{
    callback,
    order::{Column, Entity},
    order_event, outbox, webhook,
};

/// What is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Deleted {
    pub(super) orders: u64,
    pub(super) events: u64,
}

/// The oldest of the orders that were final before this time, in the order of their ids, after this one.
pub(super) async fn some(
    database: &Database,
    before: Timestamp,
    after: Option<Uuid>,
) -> Result<Vec<Uuid>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Id.lt(OrderId::first_at(before).as_uuid()))
        .filter(Column::Id.gt(after.unwrap_or_default()))
        .filter(final_since(before))
        .order_by_asc(Column::Id)
        .limit(STEP as u64)
        .into_tuple()
        .all(&database.reader)
        .await
}

/// Deletes those of the orders of which that is still so, in one transaction.
pub(super) async fn delete(
    database: &Database,
    before: Timestamp,
    mut orders: Vec<Uuid>,
) -> Result<Deleted, DbErr> {
    let waiting = in_outbox(database, &orders).await?;
    orders.retain(|order| !waiting.contains(order));
    if orders.is_empty() {
        return Ok(Deleted::default());
    }
    let transaction = database.begin_write().await?;
    // What is asked for again meanwhile is no longer final, and what is being asked for is locked.
    let orders: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Id.is_in(padded(orders)))
        .filter(final_since(before))
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .into_tuple()
        .all(&transaction)
        .await?;
    let orders = padded(orders);
    let events = order_event::Entity::delete_many()
        .filter(order_event::Column::OrderId.is_in(orders.iter().copied()))
        .exec(&transaction)
        .await?;
    callback::Entity::delete_many()
        .filter(callback::Column::OrderId.is_in(orders.iter().copied()))
        .exec(&transaction)
        .await?;
    webhook::Entity::delete_many()
        .filter(webhook::Column::OrderId.is_in(orders.iter().copied()))
        .exec(&transaction)
        .await?;
    let orders = Entity::delete_many().filter(Column::Id.is_in(orders)).exec(&transaction).await?;
    transaction.commit().await?;
    Ok(Deleted { orders: orders.rows_affected, events: events.rows_affected })
}

/// Not by the statuses that are final: SQLite would take the index by status, and sort all orders that there are.
fn final_since(before: Timestamp) -> Condition {
    let unfinished = [Status::Pending, Status::Processing].map(Status::as_str);
    Condition::all()
        .add(Column::Status.is_not_in(unfinished))
        .add(Column::Compensating.eq(false))
        .add(Column::UpdatedAt.lt(before.as_micros()))
}

async fn in_outbox(database: &Database, orders: &[Uuid]) -> Result<HashSet<Uuid>, DbErr> {
    let rows: Vec<Uuid> = outbox::Entity::find()
        .select_only()
        .column(outbox::Column::OrderId)
        .filter(outbox::Column::OrderId.is_in(padded(orders.to_vec())))
        .into_tuple()
        .all(&database.reader)
        .await?;
    Ok(rows.into_iter().collect())
}
