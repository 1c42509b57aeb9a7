//! What adds up: counts by status, durations, and what happened in each ten seconds.

use std::{collections::BTreeMap, sync::LazyLock};

use contract::Status;
use runtime::db::{Database, rows::Batch};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, Value};

use crate::{
    entities::rate_bucket,
    projection::{
        durations::{Geometry, Kind, Sample, Sums},
        rates::{Bucket, Flow},
    },
};

static GEOMETRY: LazyLock<Geometry> = LazyLock::new(Geometry::new);

pub(super) fn add_counts(batch: &mut Batch, counts: [i64; Status::ALL.len()]) {
    let changed = Status::ALL.into_iter().zip(counts).filter(|(_, more)| *more != 0);
    let values = changed.flat_map(|(status, more)| -> [Value; 2] { [status.as_str().into(), more.into()] });
    let insert = "INSERT INTO status_counts (status, orders)";
    let add = "ON CONFLICT (status) DO UPDATE SET orders = status_counts.orders + excluded.orders";
    batch.add(insert, "(?, ?)", values.collect(), add);
}

pub(super) fn add_durations(batch: &mut Batch, samples: &[Sample]) {
    let mut sums: BTreeMap<Kind, Sums> = BTreeMap::new();
    let mut buckets: BTreeMap<(Kind, u64), i64> = BTreeMap::new();
    for Sample { kind, micros } in samples {
        sums.entry(*kind).or_insert(Sums::NONE).merge(&Sums::of(*micros));
        *buckets.entry((*kind, GEOMETRY.upper_us(*micros))).or_default() += 1;
    }

    let values = sums.into_iter().flat_map(|(kind, sums)| -> [Value; 5] {
        [
            kind.as_str().into(),
            (sums.count as i64).into(),
            (sums.sum_us as i64).into(),
            (sums.min_us as i64).into(),
            (sums.max_us as i64).into(),
        ]
    });
    let insert = "INSERT INTO durations (kind, count, sum_us, min_us, max_us)";
    let add = "ON CONFLICT (kind) DO UPDATE SET \
        count = durations.count + excluded.count, \
        sum_us = durations.sum_us + excluded.sum_us, \
        min_us = CASE WHEN excluded.min_us < durations.min_us THEN excluded.min_us ELSE durations.min_us END, \
        max_us = CASE WHEN excluded.max_us > durations.max_us THEN excluded.max_us ELSE durations.max_us END";
    batch.add(insert, "(?, ?, ?, ?, ?)", values.collect(), add);

    let values = buckets.into_iter().flat_map(|((kind, upper_us), count)| -> [Value; 3] {
        [kind.as_str().into(), (upper_us as i64).into(), count.into()]
    });
    let insert = "INSERT INTO duration_buckets (kind, upper_us, count)";
    let add = "ON CONFLICT (kind, upper_us) DO UPDATE SET count = duration_buckets.count + excluded.count";
    batch.add(insert, "(?, ?, ?)", values.collect(), add);
}

pub(super) fn add_flows(batch: &mut Batch, flows: &BTreeMap<Bucket, Flow>) {
    let values = flows.iter().flat_map(|(bucket, flow)| -> [Value; 4] {
        [
            bucket.0.into(),
            (flow.accepted as i64).into(),
            (flow.completed as i64).into(),
            (flow.failed as i64).into(),
        ]
    });
    let insert = "INSERT INTO rate_buckets (starts_at_s, accepted, completed, failed)";
    let add = "ON CONFLICT (starts_at_s) DO UPDATE SET \
        accepted = rate_buckets.accepted + excluded.accepted, \
        completed = rate_buckets.completed + excluded.completed, \
        failed = rate_buckets.failed + excluded.failed";
    batch.add(insert, "(?, ?, ?, ?)", values.collect(), add);
}

pub(in crate::projection) async fn forget_before(database: &Database, bucket: Bucket) -> Result<(), DbErr> {
    let old = rate_bucket::Column::StartsAtS.lt(bucket.0);
    rate_bucket::Entity::delete_many().filter(old).exec(&database.writer).await?;
    Ok(())
}
