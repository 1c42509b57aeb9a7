//! The statement that adds attempts, as text that is put together here: a query builder takes longer over a few hundred rows
//! than the database does.

use std::fmt::Write as _;

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement, Value};

use super::Attempt;

const COLUMN_NAMES: &str =
    "order_id, life, version, attempt, entry, worker, outcome, reason, steps, started_at, finished_at";
const COLUMNS: usize = 11;
/// Most rows of one statement. Their values stay far below the 32,766 that SQLite takes.
const LARGEST: usize = 256;

/// Adds all of them. In pieces whose lengths are powers of two: each length is a statement of
/// its own that stays prepared, and of any length there would be hundreds.
pub(super) async fn insert(
    transaction: &DatabaseTransaction,
    mut attempts: &[&Attempt],
) -> Result<(), DbErr> {
    while let Some(power) = attempts.len().checked_ilog2() {
        let (piece, rest) = attempts.split_at((1 << power).min(LARGEST));
        let backend = transaction.get_database_backend();
        let values = piece.iter().flat_map(|attempt| values(attempt));
        let statement = Statement::from_sql_and_values(backend, text(backend, piece.len()), values);
        transaction.execute_raw(statement).await?;
        attempts = rest;
    }
    Ok(())
}

fn values(attempt: &Attempt) -> [Value; COLUMNS] {
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

/// SQLite knows `$1`, too, but looks for its name among all others each time that a value is bound: with the 2,816 of 256
/// rows that takes longer than everything else that is done for an order.
fn text(backend: DbBackend, rows: usize) -> String {
    let mut text = format!("INSERT INTO attempts ({COLUMN_NAMES}) VALUES ");
    for row in 0..rows {
        for column in 0..COLUMNS {
            text.push_str(match (row, column) {
                (0, 0) => "(",
                (_, 0) => "), (",
                _ => ",",
            });
            if backend == DbBackend::Postgres {
                write!(text, "${}", 1 + row * COLUMNS + column).expect("a text can always grow");
            } else {
                text.push('?');
            }
        }
    }
    text.push(')');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_database_has_its_own_places() {
        let places = |backend| text(backend, 2).split_once(" VALUES ").unwrap().1.to_owned();
        assert_eq!(places(DbBackend::Sqlite), "(?,?,?,?,?,?,?,?,?,?,?), (?,?,?,?,?,?,?,?,?,?,?)");
        assert_eq!(
            places(DbBackend::Postgres),
            "($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11), ($12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22)"
        );
        assert_eq!(COLUMN_NAMES.split(", ").count(), COLUMNS);
    }
}
