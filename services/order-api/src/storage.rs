//! What an error of the database means for whoever asked.

use runtime::http::Problem;
use sea_orm::{DbErr, RuntimeErr, sqlx};

/// 503: the database can't be used now (full, locked, away). The reason goes to the log.
pub(crate) fn unavailable(error: &DbErr) -> Problem {
    tracing::warn!(%error, "the database can't be read");
    Problem::unavailable("storage_unavailable", "orders can't be read at the moment; try again shortly")
}

/// 503: nothing was stored. The reason was logged where it happened.
pub(crate) fn cannot_store() -> Problem {
    Problem::unavailable("storage_unavailable", "the order can't be stored at the moment; try again shortly")
}

/// Whether the rows themselves are at fault, so that others of the same statement may well be written.
pub(crate) fn blames_a_row(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return false;
    };
    let sqlx::Error::Database(error) = &**error else { return false };
    let Some(code) = error.code() else { return false };
    // SQLite: the primary code is the low byte; 18 too big, 19 constraint, 20 mismatch. PostgreSQL: classes 22
    // (data exception) and 23 (constraint), five characters each.
    match code.parse::<u32>() {
        Ok(sqlite) if code.len() < 5 => matches!(sqlite & 0xff, 18..=20),
        _ => code.starts_with("22") || code.starts_with("23"),
    }
}
