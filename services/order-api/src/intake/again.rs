//! Orders that are there already and need a message again: a person lets a failed one be tried once more, a message was lost
//! in Redis, or an order that was cancelled has been worked on all the same.
//!
//! Decided in the writer's transaction, on the row as it stands there: what is asked for twice, or too late, is not done.

use std::{collections::HashMap, sync::Arc};

use contract::{OrderId, Status, Step, Timestamp};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::rows::Rows;
use crate::{
    entities::order,
    orders,
    outbox::{Backlog, Kind},
};

/// One order that needs a message.
#[derive(Clone, Debug)]
pub(crate) struct Again {
    pub(crate) order_id: OrderId,
    pub(crate) wish: Wish,
    pub(crate) traceparent: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// A failed order begins a new life.
    Retry { now: Timestamp },
    /// Its message is lost, and it has not moved since this version.
    Republish { version: i32 },
    /// What was done for it outside, or may have been, is to be undone: the event with this version says so.
    Compensate { version: u32, steps: Vec<Step> },
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Its message will be published. The order as it is now.
    Done(order::Model),
    /// It does not stand so that this could be done. The order as it is.
    Not(order::Model),
    Unknown,
}

/// What is written for a wish that can be granted.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Granted {
    order: order::Model,
    kind: Kind,
    version: i32,
    attempt: i32,
    /// What to undo; `None`: everything.
    steps: Option<Vec<Step>>,
}

/// Adds what the wishes need to the transaction.
pub(super) async fn add(
    transaction: &DatabaseTransaction,
    wishes: &[Again],
    backlog: &Backlog,
    rows: &mut Rows<'_>,
) -> Result<Vec<Outcome>, DbErr> {
    let mut asked: Vec<Uuid> = wishes.iter().map(|again| again.order_id.as_uuid()).collect();
    asked.sort_unstable();
    asked.dedup();
    let mut orders = load(transaction, &asked).await?;
    let mut waiting = backlog.of(transaction, &asked).await?;
    let mut outcomes = Vec::with_capacity(wishes.len());
    for again in wishes {
        let id = again.order_id.as_uuid();
        let Some(order) = orders.get_mut(&id) else {
            outcomes.push(Outcome::Unknown);
            continue;
        };
        // What waits to be published is a message already; but not what the order has left behind: it was published then, and
        // another replica has not deleted it yet.
        let has_message = waiting.get(&id).is_some_and(|version| *version >= order.version);
        let Some(granted) = grant(order, &again.wish).filter(|_| !has_message) else {
            outcomes.push(Outcome::Not(order.clone()));
            continue;
        };
        if granted.order != *order {
            save(transaction, order, &granted.order).await?;
        }
        rows.publish(
            &Arc::new(granted.order.clone()),
            granted.kind,
            granted.version,
            granted.attempt,
            granted.steps.as_deref(),
            again.traceparent.clone(),
        );
        waiting.insert(id, granted.version);
        order.clone_from(&granted.order);
        outcomes.push(Outcome::Done(granted.order));
    }
    Ok(outcomes)
}

/// One total function over (where the order stands, what is wished).
fn grant(order: &order::Model, wish: &Wish) -> Option<Granted> {
    let status = orders::status(order).ok()?;
    let unchanged = |kind, version: &i32, attempt| {
        Some(Granted { order: order.clone(), kind, version: *version, attempt, steps: None })
    };
    match (status, wish) {
        (Status::Failed, Wish::Retry { now }) if !order.compensating => {
            let version = order.version + 1;
            let reborn = order::Model {
                status: Status::Pending.as_str().to_owned(),
                version,
                life: version,
                attempts: 0,
                started_at: None,
                updated_at: order.updated_at.max(now.as_micros()),
                failure_code: None,
                failure_message: None,
                ..order.clone()
            };
            Some(Granted { order: reborn, kind: Kind::Place, version, attempt: 1, steps: None })
        }
        (_, Wish::Republish { version }) if order.version != *version => None,
        (Status::Pending, Wish::Republish { version }) if *version == order.life => {
            unchanged(Kind::Process, version, 1)
        }
        (Status::Pending, Wish::Republish { version }) => {
            unchanged(Kind::Process, version, order.attempts + 1)
        }
        (Status::Processing, Wish::Republish { version }) => {
            unchanged(Kind::Process, version, order.attempts.max(1))
        }
        (Status::Failed | Status::Cancelled, Wish::Republish { version }) if order.compensating => {
            unchanged(Kind::Compensate, version, 1)
        }
        // Its end said that it is to be undone, and nobody has heard that it is.
        (Status::Failed, Wish::Compensate { version, steps })
            if order.compensating && i64::from(order.version) == i64::from(*version) =>
        {
            let granted = unchanged(Kind::Compensate, &order.version, 1)?;
            Some(Granted { steps: Some(steps.clone()), ..granted })
        }
        (Status::Cancelled, Wish::Compensate { version, steps }) if !order.compensating => {
            let version = i32::try_from(*version).unwrap_or(i32::MAX - 1).max(order.version);
            let order = order::Model { compensating: true, version, ..order.clone() };
            Some(Granted { order, kind: Kind::Compensate, version, attempt: 1, steps: Some(steps.clone()) })
        }
        (
            Status::Pending | Status::Processing | Status::Completed | Status::Failed | Status::Cancelled,
            Wish::Retry { .. } | Wish::Republish { .. } | Wish::Compensate { .. },
        ) => None,
    }
}

async fn load(transaction: &DatabaseTransaction, ids: &[Uuid]) -> Result<HashMap<Uuid, order::Model>, DbErr> {
    let rows = order::Entity::find()
        .filter(order::Column::Id.is_in(ids.iter().copied()))
        .order_by_asc(order::Column::Id)
        .lock_exclusive()
        .all(transaction)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

async fn save(
    transaction: &impl ConnectionTrait,
    before: &order::Model,
    after: &order::Model,
) -> Result<(), DbErr> {
    let mut changed = before.clone().into_active_model();
    changed.status = sea_orm::Set(after.status.clone());
    changed.version = sea_orm::Set(after.version);
    changed.life = sea_orm::Set(after.life);
    changed.attempts = sea_orm::Set(after.attempts);
    changed.started_at = sea_orm::Set(after.started_at);
    changed.updated_at = sea_orm::Set(after.updated_at);
    changed.failure_code = sea_orm::Set(after.failure_code.clone());
    changed.failure_message = sea_orm::Set(after.failure_message.clone());
    changed.compensating = sea_orm::Set(after.compensating);
    order::Entity::update(changed).exec(transaction).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(status: Status, version: i32, compensating: bool) -> order::Model {
        order::Model {
            id: Uuid::from_u128(1),
            user_id: "u".to_owned(),
            item_ids: "[]".to_owned(),
            total_amount: 0,
            placed_at: 0,
            status: status.as_str().to_owned(),
            version,
            life: 1,
            attempts: (version > 1).into(),
            started_at: None,
            updated_at: 5,
            completed_at: None,
            failure_code: Some("payment_refused".to_owned()),
            failure_message: None,
            compensating,
        }
    }

    /// The whole matrix: what is published for an order of version 3, or of version 1 where it was never taken.
    #[test]
    fn the_whole_matrix() {
        const NO: Option<(Kind, i32, i32)> = None;
        use Kind::{Compensate as C, Place as P, Process as X};
        let now = Timestamp::from_micros(9);
        for (status, version, compensating, retry, republish, compensate) in [
            (Status::Pending, 1, false, NO, Some((X, 1, 1)), NO),
            (Status::Pending, 3, false, NO, Some((X, 3, 2)), NO),
            (Status::Processing, 3, false, NO, Some((X, 3, 1)), NO),
            (Status::Completed, 3, false, NO, NO, NO),
            (Status::Failed, 3, false, Some((P, 4, 1)), NO, NO),
            (Status::Failed, 3, true, NO, Some((C, 3, 1)), NO),
            (Status::Cancelled, 3, false, NO, NO, Some((C, 7, 1))),
            (Status::Cancelled, 3, true, NO, Some((C, 3, 1)), NO),
        ] {
            let order = order(status, version, compensating);
            let granted = |wish: Wish| {
                grant(&order, &wish).map(|granted| (granted.kind, granted.version, granted.attempt))
            };
            assert_eq!(granted(Wish::Retry { now }), retry, "retry {status} {compensating}");
            assert_eq!(granted(Wish::Republish { version }), republish, "republish {status} {compensating}");
            assert_eq!(granted(Wish::Republish { version: version + 1 }), NO, "it has moved: {status}");
            let undo = |version| Wish::Compensate { version, steps: vec![Step::Stock] };
            assert_eq!(granted(undo(7)), compensate, "undo {status} {compensating}");
            let owed = (status == Status::Failed && compensating).then_some((C, 3, 1));
            let at_its_end = if status == Status::Cancelled { compensate.map(|_| (C, 3, 1)) } else { owed };
            assert_eq!(granted(undo(3)), at_its_end, "undo its end {status} {compensating}");
        }
    }

    #[test]
    fn a_retry_begins_a_life_without_the_failure() {
        let retry = Wish::Retry { now: Timestamp::from_micros(9) };
        let granted = grant(&order(Status::Failed, 3, false), &retry);
        let reborn = granted.unwrap().order;
        assert_eq!(
            (reborn.status.as_str(), reborn.version, reborn.life, reborn.attempts),
            ("pending", 4, 4, 0)
        );
        assert_eq!((reborn.failure_code, reborn.updated_at), (None, 9));
    }
}
