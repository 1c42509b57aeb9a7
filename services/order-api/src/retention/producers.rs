//! Names of producers in Redis. Each run of this service has published under a name of its own, and Redis remembers the last
//! number of each, by which a repeated batch is recognised.
//!
//! A name is forgotten a [day](GRACE) after it was last seen to run, or to have rows in the outbox. So nobody publishes under it
//! any more: its run has ended, whatever it left was published, and a replica that did so has long had its answer. A name never
//! comes back. Should a replica be stopped for longer than a day and go on, its first publication finds Redis behind what it
//! published, as after a loss: that is healed, and nothing is doubled.
//!
//! A name that is in Redis and not in the database (of an earlier version, or after a restored backup) is taken for one that was
//! seen just now.

use std::{collections::BTreeSet, time::Duration};

use contract::Timestamp;
use runtime::db::Database;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, sea_query::OnConflict};
use streams::{Redis, StreamError, published};
use uuid::Uuid;

use crate::{
    entities::producer::{Column, Entity, Model},
    outbox,
};

const GRACE: Duration = Duration::from_hours(24);
/// What is known of this run is written down so often, which is often enough for a day.
const REFRESH: Duration = Duration::from_hours(1);

#[derive(Debug, thiserror::Error)]
pub(super) enum ForgetError {
    #[error(transparent)]
    Streams(#[from] StreamError),
    #[error("database: {0}")]
    Database(#[from] DbErr),
}

/// Notes who is there, and forgets who is gone; how many. `own` is the name of this run.
pub(super) async fn forget(
    database: &Database,
    redis: &Redis,
    own: Uuid,
    now: Timestamp,
) -> Result<u64, ForgetError> {
    let noted = Entity::find().all(&database.reader).await?;
    let stands = |producer: Uuid, since: Duration| {
        noted
            .iter()
            .any(|row| row.producer == producer && now.since(Timestamp::from_micros(row.seen_at)) < since)
    };
    let mut active: BTreeSet<Uuid> =
        outbox::other_producers(&database.reader, own).await?.into_iter().collect();
    active.insert(own);
    let mut in_redis: BTreeSet<Uuid> = BTreeSet::new();
    for partition in redis.keys().partitions() {
        // What is no name of ours is not ours to forget.
        let names = published::producers(redis, partition).await?;
        in_redis.extend(names.iter().filter_map(|name| Uuid::try_parse(name).ok()));
    }
    let is_new = |producer: &&Uuid| !noted.iter().any(|row| row.producer == **producer);
    let seen = active.iter().filter(|producer| !stands(**producer, REFRESH));
    note(database, seen.chain(in_redis.iter().filter(is_new)).copied().collect(), now).await?;

    let gone: Vec<Uuid> = noted
        .iter()
        .map(|row| row.producer)
        .filter(|producer| !active.contains(producer) && !stands(*producer, GRACE))
        .collect();
    if gone.is_empty() {
        return Ok(0);
    }
    let names: Vec<String> = gone.iter().map(|producer| producer.as_simple().to_string()).collect();
    for partition in redis.keys().partitions() {
        published::forget(redis, partition, &names).await?;
    }
    // Whoever was seen again meanwhile, by another replica, stays.
    let before = now.as_micros().saturating_sub(GRACE.as_micros() as i64);
    let forgotten = Entity::delete_many()
        .filter(Column::Producer.is_in(gone))
        .filter(Column::SeenAt.lte(before))
        .exec(&database.writer)
        .await?;
    Ok(forgotten.rows_affected)
}

async fn note(database: &Database, producers: BTreeSet<Uuid>, now: Timestamp) -> Result<(), DbErr> {
    if producers.is_empty() {
        return Ok(());
    }
    let row = |producer| Model { producer, seen_at: now.as_micros() }.into_active_model();
    let update = OnConflict::column(Column::Producer).update_column(Column::SeenAt).to_owned();
    let rows = Entity::insert_many(producers.into_iter().map(row));
    rows.on_conflict(update).exec_without_returning(&database.writer).await?;
    Ok(())
}
