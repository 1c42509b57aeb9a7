//! Idempotency keys: what a key stood for is forgotten, and a request that repeats it later is a new one.

use contract::Timestamp;
use runtime::db::{
    Database,
    prune::{STEP, padded},
};
use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{LockBehavior, LockType},
};

use crate::entities::idempotency_key::{Column, Entity};

/// Deletes the oldest of those that were used before this time; how many.
pub(super) async fn delete_some(database: &Database, before: Timestamp) -> Result<u64, DbErr> {
    let oldest = Entity::find()
        .select_only()
        .column(Column::Key)
        .filter(Column::CreatedAt.lt(before.as_micros()))
        .order_by_asc(Column::CreatedAt)
        .limit(STEP as u64);
    // Mostly there is none, and then nobody waits for a transaction.
    if oldest.clone().into_tuple::<String>().one(&database.reader).await?.is_none() {
        return Ok(0);
    }
    let transaction = database.begin_write().await?;
    let oldest = oldest.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let keys: Vec<String> = oldest.into_tuple().all(&transaction).await?;
    let these = Entity::delete_many().filter(Column::Key.is_in(padded(keys)));
    let deleted = these.exec(&transaction).await?.rows_affected;
    transaction.commit().await?;
    Ok(deleted)
}
