//! The statements of one batch: three, whatever its size.

use contract::{Event, FailureReason};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, FromQueryResult, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, IntoIden, OnConflict, Query, TableRef, ValueTuple},
};
use uuid::Uuid;

use super::state::State;
use crate::entities::{order, order_event};

/// What is read of an order to apply events to it.
#[derive(Debug, FromQueryResult)]
struct StateRow {
    id: Uuid,
    status: String,
    version: i32,
    attempts: i32,
    started_at: Option<i64>,
    updated_at: i64,
    completed_at: Option<i64>,
    failure_code: Option<String>,
    failure_message: Option<String>,
    compensating: bool,
}

/// The states of these orders, locked until the transaction ends; ids that are no order of ours are left out.
pub(super) async fn load(transaction: &DatabaseTransaction, ids: &[Uuid]) -> Result<Vec<State>, DbErr> {
    let rows = order::Entity::find()
        .select_only()
        .columns([
            order::Column::Id,
            order::Column::Status,
            order::Column::Version,
            order::Column::Attempts,
            order::Column::StartedAt,
            order::Column::UpdatedAt,
            order::Column::CompletedAt,
            order::Column::FailureCode,
            order::Column::FailureMessage,
            order::Column::Compensating,
        ])
        .filter(order::Column::Id.is_in(ids.iter().copied()))
        // Replicas lock in one order, or they would wait for each other. SQLite has one writer and no such lock.
        .order_by_asc(order::Column::Id)
        .lock_exclusive()
        .into_model::<StateRow>()
        .all(transaction)
        .await?;
    rows.into_iter().map(State::try_from).collect()
}

/// Writes the changed states.
pub(super) async fn save(transaction: &DatabaseTransaction, states: &[State]) -> Result<(), DbErr> {
    if states.is_empty() {
        return Ok(());
    }
    let values = states.iter().map(row).collect();
    // Both databases name the columns of a VALUES list so.
    let column = |number: usize| Expr::col(("changed", format!("column{number}")));
    let columns = [
        order::Column::Status,
        order::Column::Version,
        order::Column::Attempts,
        order::Column::StartedAt,
        order::Column::UpdatedAt,
        order::Column::CompletedAt,
        order::Column::FailureCode,
        order::Column::FailureMessage,
        order::Column::Compensating,
    ];
    let mut update = Query::update();
    update.table(order::Entity).from(TableRef::ValuesList(values, "changed".into_iden()));
    for (name, number) in columns.into_iter().zip(2..) {
        update.value(name, column(number));
    }
    update.and_where(Expr::col((order::Entity, order::Column::Id)).eq(column(1)));
    transaction.execute(&update).await?;
    Ok(())
}

/// Adds the events to their orders' timelines; one that is there already stays as it is.
pub(super) async fn record(
    transaction: &DatabaseTransaction,
    events: impl Iterator<Item = &Event>,
) -> Result<(), DbErr> {
    let rows: Vec<_> = events.map(|event| timeline_row(event).into_active_model()).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let once = OnConflict::columns([order_event::Column::OrderId, order_event::Column::Version])
        .do_nothing()
        .to_owned();
    order_event::Entity::insert_many(rows).on_conflict(once).exec_without_returning(transaction).await?;
    Ok(())
}

fn row(state: &State) -> ValueTuple {
    let failure = state.failure.as_ref();
    ValueTuple::Many(vec![
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
    ])
}

fn timeline_row(event: &Event) -> order_event::Model {
    order_event::Model {
        order_id: event.order_id().as_uuid(),
        version: i32::try_from(event.version()).unwrap_or(i32::MAX),
        kind: event.kind().as_str().to_owned(),
        occurred_at: event.envelope.time.as_micros(),
        data: event.data.to_json(),
    }
}

impl TryFrom<StateRow> for State {
    type Error = DbErr;

    fn try_from(row: StateRow) -> Result<Self, DbErr> {
        let status = row.status.parse().map_err(|error| DbErr::Type(format!("order {}: {error}", row.id)))?;
        let message = row.failure_message.unwrap_or_default();
        Ok(Self {
            id: row.id,
            status,
            version: row.version,
            attempts: row.attempts,
            started_at: row.started_at,
            updated_at: row.updated_at,
            completed_at: row.completed_at,
            failure: row.failure_code.map(|code| FailureReason { code, message }),
            compensating: row.compensating,
        })
    }
}
