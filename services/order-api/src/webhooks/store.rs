//! The statements of the deliveries.

use std::time::Duration;

use contract::{OrderId, Timestamp};
use runtime::db::{
    Database,
    prune::{STEP, padded},
};
use sea_orm::{
    ColumnTrait, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, LockBehavior, LockType},
};
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::retry::{Attempt, Verdict};
use crate::entities::{
    callback,
    webhook::{Column, Entity, Model},
};

/// Attempts that a delivery's log keeps.
const LOG: usize = 50;

/// An attempt that came to its end.
#[derive(Debug)]
pub(super) struct Ended {
    /// As it was when it was claimed.
    pub(super) webhook: Model,
    pub(super) began: Timestamp,
    pub(super) took: Duration,
    pub(super) attempt: Attempt,
    pub(super) verdict: Verdict,
}

/// The oldest of what is due, except to these receivers.
pub(super) async fn due(
    reader: &DatabaseConnection,
    now: Timestamp,
    except: Vec<String>,
) -> Result<Vec<Model>, DbErr> {
    let mut due = Entity::find().filter(Column::DueAt.lte(now.as_micros()));
    if !except.is_empty() {
        due = due.filter(Column::Receiver.is_not_in(padded(except)));
    }
    due.order_by_asc(Column::DueAt).limit(STEP as u64).all(reader).await
}

/// When the next one is due.
pub(super) async fn next_due(
    reader: &DatabaseConnection,
    except: Vec<String>,
) -> Result<Option<Timestamp>, DbErr> {
    let mut next = Entity::find().select_only().column(Column::DueAt).filter(Column::DueAt.gt(i64::MIN));
    if !except.is_empty() {
        next = next.filter(Column::Receiver.is_not_in(padded(except)));
    }
    let next = next.order_by_asc(Column::DueAt).into_tuple::<i64>().one(reader).await?;
    Ok(next.map(Timestamp::from_micros))
}

/// Takes one for an attempt, until this time; whether nobody else was faster.
pub(super) async fn claim(
    transaction: &DatabaseTransaction,
    webhook: &mut Model,
    until: Timestamp,
) -> Result<bool, DbErr> {
    let claimed = Entity::update_many()
        .col_expr(Column::DueAt, Expr::value(until.as_micros()))
        .col_expr(Column::Attempts, Expr::value(webhook.attempts + 1))
        .filter(Column::OrderId.eq(webhook.order_id))
        .filter(Column::Version.eq(webhook.version))
        .filter(Column::DueAt.eq(webhook.due_at))
        .exec(transaction)
        .await?;
    webhook.attempts += 1;
    Ok(claimed.rows_affected == 1)
}

/// Writes down how an attempt ended, unless another has begun meanwhile.
pub(super) async fn settle(transaction: &DatabaseTransaction, ended: &Ended) -> Result<(), DbErr> {
    let Ended { webhook, began, took, attempt, verdict } = ended;
    let end = *began + *took;
    let (state, due_at) = match verdict {
        Verdict::Delivered => ("delivered", None),
        Verdict::Gone => ("gone", None),
        Verdict::GivenUp => ("given_up", None),
        Verdict::Again(next) => ("pending", Some(next.as_micros())),
    };
    let finished_at = due_at.is_none().then(|| end.as_micros());
    Entity::update_many()
        .col_expr(Column::State, Expr::value(state))
        .col_expr(Column::DueAt, Expr::value(due_at))
        .col_expr(Column::FinishedAt, Expr::value(finished_at))
        .col_expr(Column::Log, Expr::value(log(&webhook.log, *began, *took, attempt)))
        .filter(Column::OrderId.eq(webhook.order_id))
        .filter(Column::Version.eq(webhook.version))
        .filter(Column::Attempts.eq(webhook.attempts))
        .exec(transaction)
        .await?;
    Ok(())
}

/// The log with one more attempt.
fn log(log: &str, at: Timestamp, took: Duration, attempt: &Attempt) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        at: Timestamp,
        seconds: f64,
        status: Option<u16>,
        error: Option<&'a str>,
    }
    let line =
        Line { at, seconds: took.as_secs_f64(), status: attempt.status, error: attempt.error.as_deref() };
    let line = serde_json::value::to_raw_value(&line).expect("an attempt can be written as JSON");
    let mut lines: Vec<Box<RawValue>> = serde_json::from_str(log).unwrap_or_default();
    lines.push(line);
    let latest = &lines[lines.len().saturating_sub(LOG)..];
    serde_json::to_string(latest).expect("a list of JSON is JSON")
}

/// Where an order's end is told, if it says so itself, and what was told of it.
pub(crate) async fn of_order(
    reader: &DatabaseConnection,
    order_id: OrderId,
) -> Result<(Option<String>, Vec<Model>), DbErr> {
    let callback = callback::Entity::find_by_id(order_id.as_uuid()).one(reader).await?;
    let webhooks = Entity::find().filter(Column::OrderId.eq(order_id.as_uuid()));
    let webhooks = webhooks.order_by_asc(Column::Version).all(reader).await?;
    Ok((callback.map(|callback| callback.url), webhooks))
}

/// Deletes some of those that were over before this time; how many.
pub(crate) async fn delete_finished(database: &Database, before: Timestamp) -> Result<u64, DbErr> {
    let oldest = Entity::find()
        .select_only()
        .columns([Column::OrderId, Column::Version])
        .filter(Column::FinishedAt.lt(before.as_micros()))
        .order_by_asc(Column::FinishedAt)
        .limit(STEP as u64);
    // Mostly there is none, and then nobody waits for a transaction.
    if oldest.clone().into_tuple::<(Uuid, i32)>().one(&database.reader).await?.is_none() {
        return Ok(0);
    }
    let transaction = database.begin_write().await?;
    let oldest = oldest.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let found: Vec<(Uuid, i32)> = oldest.into_tuple().all(&transaction).await?;
    let orders = padded(found.into_iter().map(|(order_id, _)| order_id).collect());
    let these = Entity::delete_many()
        .filter(Column::OrderId.is_in(orders))
        .filter(Column::FinishedAt.lt(before.as_micros()));
    let deleted = these.exec(&transaction).await?.rows_affected;
    transaction.commit().await?;
    Ok(deleted)
}
