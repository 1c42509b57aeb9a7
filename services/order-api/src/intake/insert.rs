//! The statements of the hot path. What is the same in each row is in their text, and what is bound is as little as can be.

use std::sync::Arc;

use runtime::db::BulkInsert;
use sea_orm::{ConnectionTrait, DbErr, Value};
use uuid::Uuid;

use super::submission::Once;
use crate::{
    entities::order,
    outbox::{Kind, Pending},
};

/// An order as [`crate::orders::new_row`] makes it.
static ORDERS: BulkInsert = BulkInsert::new(
    "INSERT INTO orders (id, user_id, item_ids, total_amount, placed_at, updated_at, \
     status, version, life, attempts, compensating) VALUES",
    "(?, ?, ?, ?, ?, ?, 'pending', 1, 1, 0, FALSE)",
);

/// What is to be published for such an order.
static NEW_OUTBOX: BulkInsert = BulkInsert::new(
    "INSERT INTO outbox (producer, seq, order_id, traceparent, kind, version, attempt) VALUES",
    "(?, ?, ?, ?, 'place', 1, 1)",
);

static OUTBOX: BulkInsert = BulkInsert::new(
    "INSERT INTO outbox (producer, seq, order_id, traceparent, kind, version, attempt, steps) VALUES",
    "(?, ?, ?, ?, ?, ?, ?, ?)",
);

static KEYS: BulkInsert = BulkInsert::new(
    "INSERT INTO idempotency_keys (key, fingerprint, answer, created_at) VALUES",
    "(?, ?, ?, ?)",
);

pub(super) async fn orders(
    connection: &impl ConnectionTrait,
    orders: &[Arc<order::Model>],
) -> Result<(), DbErr> {
    let mut values: Vec<Value> = Vec::with_capacity(orders.len() * 6);
    for order in orders {
        values.extend([
            order.id.into(),
            order.user_id.as_str().into(),
            order.item_ids.as_str().into(),
            order.total_amount.into(),
            order.placed_at.into(),
            order.updated_at.into(),
        ]);
    }
    ORDERS.execute(connection, values).await
}

pub(super) async fn outbox(
    connection: &impl ConnectionTrait,
    producer: Uuid,
    rows: &[Pending],
) -> Result<(), DbErr> {
    let (mut new, mut others): (Vec<Value>, Vec<Value>) = (Vec::with_capacity(rows.len() * 4), Vec::new());
    for row in rows {
        let is_new = row.kind == Kind::Place && (row.version, row.attempt) == (1, 1);
        let values = if is_new { &mut new } else { &mut others };
        values.extend([producer.into(), row.seq.into(), row.order.id.into(), row.traceparent.clone().into()]);
        if !is_new {
            values.extend([
                row.kind.as_str().into(),
                row.version.into(),
                row.attempt.into(),
                row.steps.clone().into(),
            ]);
        }
    }
    NEW_OUTBOX.execute(connection, new).await?;
    OUTBOX.execute(connection, others).await
}

/// Each with the time of its first order.
pub(super) async fn keys(connection: &impl ConnectionTrait, keys: &[(&Once, i64)]) -> Result<(), DbErr> {
    let mut values: Vec<Value> = Vec::with_capacity(keys.len() * 4);
    for (once, created_at) in keys {
        values.extend([
            once.key.as_str().into(),
            once.fingerprint.to_vec().into(),
            once.answer.to_vec().into(),
            (*created_at).into(),
        ]);
    }
    KEYS.execute(connection, values).await
}
