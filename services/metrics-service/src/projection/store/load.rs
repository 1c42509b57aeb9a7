//! Reads all numbers, as they were at one moment. Never the orders: their number does not matter here.

use contract::Timestamp;
use runtime::db::Database;
use sea_orm::{
    AccessMode, DatabaseTransaction, DbBackend, DbErr, EntityTrait, IsolationLevel, TransactionTrait,
};
use streams::EntryId;

use super::position::entry;
use crate::{
    entities::{duration, duration_bucket, position, rate_bucket, rebuild, status_count},
    projection::{
        Numbers, Position,
        durations::{Kind, Sums},
        rates::{Bucket, Flow},
    },
};

/// The numbers; `now` is their time where nothing was projected yet.
pub(in crate::projection) async fn load(database: &Database, now: Timestamp) -> Result<Numbers, DbErr> {
    let moment = one_moment(database).await?;
    let positions: Vec<Position> =
        position::Entity::find().all(&moment).await?.into_iter().map(read_position).collect();
    let rebuild = rebuild::Entity::find_by_id(rebuild::ONLY).one(&moment).await?;
    let corrected_at = rebuild.as_ref().map(|rebuild| Timestamp::from_micros(rebuild.corrected_at));
    let as_of = positions.iter().map(|position| position.projected_at).chain(corrected_at).max();
    let mut numbers = Numbers::none(as_of.filter(|as_of| as_of.as_micros() > 0).unwrap_or(now));
    numbers.rebuilding = rebuild.is_some_and(|rebuild| rebuild.passes_left > 0);
    // Those that were seen, but never read, have no entry.
    for position in positions.into_iter().filter(|position| position.entry > EntryId::MIN) {
        numbers.advance(position);
    }
    for row in status_count::Entity::find().all(&moment).await? {
        if let Ok(status) = row.status.parse() {
            *numbers.counts.of_mut(status) = unsigned(row.orders);
        }
    }
    for row in duration::Entity::find().all(&moment).await? {
        if let Some(kind) = Kind::from_name(&row.kind) {
            numbers.durations.of_mut(kind).sums = Sums {
                count: unsigned(row.count),
                sum_us: unsigned(row.sum_us),
                min_us: unsigned(row.min_us),
                max_us: unsigned(row.max_us),
            };
        }
    }
    for row in duration_bucket::Entity::find().all(&moment).await? {
        if let Some(kind) = Kind::from_name(&row.kind) {
            numbers.durations.of_mut(kind).record_bucket(unsigned(row.upper_us), unsigned(row.count));
        }
    }
    for row in rate_bucket::Entity::find().all(&moment).await? {
        let flow = Flow {
            accepted: unsigned(row.accepted),
            completed: unsigned(row.completed),
            failed: unsigned(row.failed),
        };
        numbers.rates.add(Bucket(row.starts_at_s), flow);
    }
    moment.commit().await?;
    Ok(numbers)
}

/// A transaction whose reads all see the same. On SQLite every one is like that.
async fn one_moment(database: &Database) -> Result<DatabaseTransaction, DbErr> {
    if database.backend == DbBackend::Postgres {
        let (level, mode) = (IsolationLevel::RepeatableRead, AccessMode::ReadOnly);
        database.reader.begin_with_config(Some(level), Some(mode)).await
    } else {
        database.reader.begin().await
    }
}

fn read_position(row: position::Model) -> Position {
    Position {
        partition: row.partition.try_into().unwrap_or_default(),
        entry: entry(&row),
        projected_at: Timestamp::from_micros(row.projected_at),
    }
}

/// Counts are never below zero.
fn unsigned(number: i64) -> u64 {
    number.max(0).cast_unsigned()
}
