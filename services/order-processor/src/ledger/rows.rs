//! The statements of one transaction, of many rows each.

use runtime::db::rows::Batch;
use sea_orm::Value;

use super::{Attempt, Superseded};

pub(super) fn insert(batch: &mut Batch, attempts: &[&Attempt]) {
    let insert = "INSERT INTO attempts \
        (order_id, life, version, attempt, entry, worker, outcome, reason, steps, started_at, finished_at)";
    let values = attempts.iter().flat_map(|attempt| values(attempt)).collect();
    batch.add(insert, "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values, "");
}

pub(super) fn mark(batch: &mut Batch, superseded: &[Superseded]) {
    // Both databases name the columns of a VALUES list so.
    let update = "UPDATE attempts SET superseded_at = noted.column5 FROM (";
    let those = ") AS noted WHERE attempts.order_id = noted.column1 AND attempts.version = noted.column2 \
        AND attempts.worker = noted.column3 AND attempts.finished_at = noted.column4";
    let values = superseded.iter().flat_map(|Superseded { attempt, at }| -> [Value; 5] {
        [
            attempt.order_id.as_uuid().into(),
            i64::from(attempt.version).into(),
            (&*attempt.worker).into(),
            attempt.finished_at.as_micros().into(),
            at.as_micros().into(),
        ]
    });
    batch.add(update, "(?, ?, ?, ?, ?)", values.collect(), those);
}

fn values(attempt: &Attempt) -> [Value; 11] {
    [
        attempt.order_id.as_uuid().into(),
        i64::from(attempt.life).into(),
        i64::from(attempt.version).into(),
        i64::from(attempt.number).into(),
        attempt.entry.to_string().into(),
        (&*attempt.worker).into(),
        attempt.outcome.as_str().into(),
        attempt.reason.clone().into(),
        attempt.steps.as_str().into(),
        attempt.started_at.as_micros().into(),
        attempt.finished_at.as_micros().into(),
    ]
}
