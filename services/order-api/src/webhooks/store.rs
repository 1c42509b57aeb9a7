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

#[cfg(test)]
mod tests {
    use runtime::{
        Service,
        config::{DatabaseConfig, Synchronous},
        db,
    };
    use sea_orm::{ActiveModelTrait, IntoActiveModel};

    use super::*;
    use crate::migrations::Migrator;

    const NOON: Timestamp = Timestamp::from_micros(1_764_000_000_000_000);
    const LEASE: Duration = Duration::from_mins(1);

    async fn claimed(database: &Database, webhook: &mut Model, now: Timestamp) -> bool {
        let transaction = database.begin_write().await.unwrap();
        let claimed = claim(&transaction, webhook, now + LEASE).await.unwrap();
        transaction.commit().await.unwrap();
        claimed
    }

    /// As when a replica dies with a message in hand: after its lease another one sends it, and should the first come back, it has
    /// no say any more.
    #[tokio::test]
    async fn what_is_claimed_is_left_alone_until_its_lease_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let config = DatabaseConfig {
            url: format!("sqlite://{}", folder.path().join("orders.db").display()),
            readers: 2,
            synchronous: Synchronous::Full,
            busy_timeout_ms: 1_000,
            connect_timeout_ms: 30_000,
        };
        let database = db::connect(&config, Service::OrderApi).await.unwrap();
        database.migrate::<Migrator>().await.unwrap();
        let row = Model {
            order_id: Uuid::from_u128(7),
            version: 3,
            kind: "order.completed".to_owned(),
            url: "https://example.com/hook".to_owned(),
            receiver: "example.com:443".to_owned(),
            created_at: NOON.as_micros(),
            due_at: Some(NOON.as_micros()),
            finished_at: None,
            state: "pending".to_owned(),
            attempts: 0,
            log: "[]".to_owned(),
        };
        row.into_active_model().insert(&database.writer).await.unwrap();

        let due_at = async |now: Timestamp| due(&database.reader, now, Vec::new()).await.unwrap();
        let mut first = due_at(NOON).await.remove(0);
        let mut late = first.clone();
        assert!(claimed(&database, &mut first, NOON).await);
        assert!(!claimed(&database, &mut late, NOON).await, "another one was faster");
        assert!(due_at(NOON + LEASE / 2).await.is_empty());
        assert_eq!(next_due(&database.reader, Vec::new()).await.unwrap(), Some(NOON + LEASE));
        assert!(due(&database.reader, NOON + LEASE, vec![first.receiver.clone()]).await.unwrap().is_empty());

        let mut second = due_at(NOON + LEASE).await.remove(0);
        assert!(claimed(&database, &mut second, NOON + LEASE).await);
        for (webhook, verdict) in [(first, Verdict::GivenUp), (second, Verdict::Delivered)] {
            let attempt = Attempt { status: Some(200), ..Attempt::default() };
            let ended = Ended { webhook, began: NOON + LEASE, took: LEASE, attempt, verdict };
            let transaction = database.begin_write().await.unwrap();
            settle(&transaction, &ended).await.unwrap();
            transaction.commit().await.unwrap();
        }
        let row = Entity::find().one(&database.reader).await.unwrap().unwrap();
        assert_eq!((row.state.as_str(), row.attempts, row.due_at), ("delivered", 2, None));
        assert_eq!(row.log.matches("\"at\"").count(), 1);
        assert_eq!(delete_finished(&database, NOON + LEASE).await.unwrap(), 0);
        assert_eq!(delete_finished(&database, NOON + 3 * LEASE).await.unwrap(), 1);
    }
}
