//! What adds up: counts by status, durations, and what happened in each ten seconds.

use std::collections::BTreeMap;

use contract::Status;
use runtime::db::Database;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, Iden, QueryFilter,
    sea_query::{CaseStatement, Expr, ExprTrait, OnConflict},
};

use super::slices::upsert;
use crate::{
    entities::{duration, duration_bucket, rate_bucket, status_count},
    projection::{
        durations::{Geometry, Kind, Sample, Sums},
        rates::{Bucket, Flow},
    },
};

pub(super) async fn add_counts(
    connection: &impl ConnectionTrait,
    counts: [i64; Status::ALL.len()],
) -> Result<(), DbErr> {
    let changed = Status::ALL.into_iter().zip(counts).filter(|(_, more)| *more != 0);
    let rows = changed.map(|(status, more)| status_count::ActiveModel {
        status: Set(status.as_str().to_owned()),
        orders: Set(more),
    });
    let mut add = OnConflict::column(status_count::Column::Status);
    add.value(status_count::Column::Orders, sum(status_count::Entity, status_count::Column::Orders));
    upsert(connection, rows.collect(), add).await
}

pub(super) async fn add_durations(
    connection: &impl ConnectionTrait,
    samples: &[Sample],
) -> Result<(), DbErr> {
    if samples.is_empty() {
        return Ok(());
    }
    let geometry = Geometry::new();
    let mut sums: BTreeMap<Kind, Sums> = BTreeMap::new();
    let mut buckets: BTreeMap<(Kind, u64), i64> = BTreeMap::new();
    for Sample { kind, micros } in samples {
        sums.entry(*kind).or_insert(Sums::NONE).merge(&Sums::of(*micros));
        *buckets.entry((*kind, geometry.upper_us(*micros))).or_default() += 1;
    }

    let rows = sums.into_iter().map(|(kind, sums)| duration::ActiveModel {
        kind: Set(kind.as_str().to_owned()),
        count: Set(sums.count as i64),
        sum_us: Set(sums.sum_us as i64),
        min_us: Set(sums.min_us as i64),
        max_us: Set(sums.max_us as i64),
    });
    let mut add = OnConflict::column(duration::Column::Kind);
    add.value(duration::Column::Count, sum(duration::Entity, duration::Column::Count));
    add.value(duration::Column::SumUs, sum(duration::Entity, duration::Column::SumUs));
    add.value(duration::Column::MinUs, outermost(duration::Entity, duration::Column::MinUs, ExprTrait::lt));
    add.value(duration::Column::MaxUs, outermost(duration::Entity, duration::Column::MaxUs, ExprTrait::gt));
    upsert(connection, rows.collect(), add).await?;

    let rows = buckets.into_iter().map(|((kind, upper_us), count)| duration_bucket::ActiveModel {
        kind: Set(kind.as_str().to_owned()),
        upper_us: Set(upper_us as i64),
        count: Set(count),
    });
    let mut add = OnConflict::columns([duration_bucket::Column::Kind, duration_bucket::Column::UpperUs]);
    add.value(duration_bucket::Column::Count, sum(duration_bucket::Entity, duration_bucket::Column::Count));
    upsert(connection, rows.collect(), add).await
}

pub(super) async fn add_flows(
    connection: &impl ConnectionTrait,
    flows: &BTreeMap<Bucket, Flow>,
) -> Result<(), DbErr> {
    use rate_bucket::{ActiveModel, Column, Entity};
    let rows = flows.iter().map(|(bucket, flow)| ActiveModel {
        starts_at_s: Set(bucket.0),
        accepted: Set(flow.accepted as i64),
        completed: Set(flow.completed as i64),
        failed: Set(flow.failed as i64),
    });
    let mut add = OnConflict::column(Column::StartsAtS);
    for column in [Column::Accepted, Column::Completed, Column::Failed] {
        add.value(column, sum(Entity, column));
    }
    upsert(connection, rows.collect(), add).await
}

pub(in crate::projection) async fn forget_before(database: &Database, bucket: Bucket) -> Result<(), DbErr> {
    let old = rate_bucket::Column::StartsAtS.lt(bucket.0);
    rate_bucket::Entity::delete_many().filter(old).exec(&database.writer).await?;
    Ok(())
}

/// What is there and what comes, together.
fn sum<E: Iden + 'static, C: Iden + Copy + 'static>(table: E, column: C) -> Expr {
    Expr::col((table, column)).add(incoming(column))
}

/// Whichever of what is there and what comes lies further out.
fn outermost<E: Iden + Copy + 'static, C: Iden + Copy + 'static>(
    table: E,
    column: C,
    is_further: fn(Expr, Expr) -> Expr,
) -> Expr {
    let there = Expr::col((table, column));
    CaseStatement::new()
        .case(is_further(incoming(column), there.clone()), incoming(column))
        .finally(there)
        .into()
}

fn incoming<C: Iden + 'static>(column: C) -> Expr {
    Expr::col(("excluded", column))
}
