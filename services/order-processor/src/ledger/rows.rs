//! The statement that adds attempts.

use runtime::db::rows;
use sea_orm::{DatabaseTransaction, DbErr, Value};

use super::Attempt;

pub(super) async fn insert(transaction: &DatabaseTransaction, attempts: &[&Attempt]) -> Result<(), DbErr> {
    let insert = "INSERT INTO attempts \
        (order_id, life, version, attempt, entry, worker, outcome, reason, steps, started_at, finished_at)";
    let values = attempts.iter().flat_map(|attempt| values(attempt)).collect();
    rows::write(transaction, insert, "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values, "").await.map(drop)
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
