//! The statements of one batch, of many rows each.

use contract::{FailureReason, Status};
use runtime::db::rows::{self, Batch, Lock};
use sea_orm::{DatabaseTransaction, DbErr, Value};
use uuid::Uuid;

use super::{apply::Told, state::State};

/// What is read of an order to apply events to it: [`COLUMNS`] after its id.
type Row = (
    Uuid,
    Status,
    i32,
    i32,
    Option<i64>,
    i64,
    Option<i64>,
    Option<String>,
    Option<String>,
    // 0 or 1, since SQLite has no other truth.
    u8,
);

const COLUMNS: &str = "status, version, attempts, started_at, updated_at, completed_at, failure_code, failure_message, \
    CASE WHEN compensating THEN 1 ELSE 0 END";

/// The states of these orders, sorted and locked until the transaction ends; ids that are no order of ours are left out.
pub(super) async fn load(transaction: &DatabaseTransaction, ids: &[Uuid]) -> Result<Vec<State>, DbErr> {
    let found = rows::read(transaction, "orders", "id", COLUMNS, ids.iter().copied(), Lock::Rows).await?;
    Ok(found.into_iter().map(state).collect())
}

/// Writes the changed states.
pub(super) fn save(batch: &mut Batch, states: &[State]) {
    // Both databases name the columns of a VALUES list so.
    let update = "UPDATE orders SET status = changed.column2, version = changed.column3, attempts = changed.column4, \
        started_at = changed.column5, updated_at = changed.column6, completed_at = changed.column7, \
        failure_code = changed.column8, failure_message = changed.column9, compensating = changed.column10 FROM (";
    let those = ") AS changed WHERE orders.id = changed.column1";
    batch.add(update, "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", states.iter().flat_map(values).collect(), those);
}

/// Adds the events to their orders' timelines; one that is there already stays as it is.
pub(super) fn record(batch: &mut Batch, events: &[Told<'_>]) {
    let values = events.iter().flat_map(|Told { event, json }| -> [Value; 5] {
        [
            event.order_id().as_uuid().into(),
            i32::try_from(event.version()).unwrap_or(i32::MAX).into(),
            event.kind().as_str().into(),
            event.envelope.time.as_micros().into(),
            (*json).into(),
        ]
    });
    let insert = "INSERT INTO order_events (order_id, version, kind, occurred_at, data)";
    let once = "ON CONFLICT (order_id, version) DO NOTHING";
    batch.add(insert, "(?, ?, ?, ?, ?)", values.collect(), once);
}

fn values(state: &State) -> [Value; 10] {
    let failure = state.failure.as_ref();
    [
        state.id.into(),
        state.status.as_str().into(),
        state.version.into(),
        state.attempts.into(),
        state.started_at.into(),
        state.updated_at.into(),
        state.completed_at.into(),
        failure.map(|reason| reason.code.clone()).into(),
        failure.map(|reason| reason.message.clone()).into(),
        state.compensating.into(),
    ]
}

fn state(row: Row) -> State {
    let (id, status, version, attempts, started_at, updated_at, completed_at, code, message, compensating) =
        row;
    State {
        id,
        status,
        version,
        attempts,
        started_at,
        updated_at,
        completed_at,
        failure: code.map(|code| FailureReason { code, message: message.unwrap_or_default() }),
        compensating: compensating != 0,
    }
}
