//! The statements of the hot path. What is the same in each row is in their text, and what is bound is as little as can be.

use std::sync::Arc;

use runtime::db::rows::Batch;
use sea_orm::Value;
use uuid::Uuid;

use super::submission::Once;
use crate::{
    entities::order,
    outbox::{Kind, Pending},
    webhooks::Callback,
};

/// Orders as [`crate::orders::new_row`] makes them.
pub(super) fn orders(batch: &mut Batch, orders: &[Arc<order::Model>]) {
    let values = orders.iter().flat_map(|order| -> [Value; 6] {
        [
            order.id.into(),
            order.user_id.as_str().into(),
            order.item_ids.as_str().into(),
            order.total_amount.into(),
            order.placed_at.into(),
            order.updated_at.into(),
        ]
    });
    let insert = "INSERT INTO orders (id, user_id, item_ids, total_amount, placed_at, updated_at, \
        status, version, life, attempts, compensating)";
    let new = "(?, ?, ?, ?, ?, ?, 'pending', 1, 1, 0, FALSE)";
    batch.add(insert, new, values.collect(), "");
}

pub(super) fn outbox(batch: &mut Batch, producer: Uuid, outbox: &[Pending]) {
    let (mut new, mut others): (Vec<Value>, Vec<Value>) = (Vec::with_capacity(outbox.len() * 4), Vec::new());
    for row in outbox {
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
    let insert = "INSERT INTO outbox (producer, seq, order_id, traceparent, kind, version, attempt, steps)";
    batch.add(insert, "(?, ?, ?, ?, 'place', 1, 1, NULL)", new, "");
    batch.add(insert, "(?, ?, ?, ?, ?, ?, ?, ?)", others, "");
}

/// Each with the time of its first order.
pub(super) fn keys(batch: &mut Batch, keys: &[(&Once, i64)]) {
    let values = keys.iter().flat_map(|(once, created_at)| -> [Value; 4] {
        [
            once.key.as_str().into(),
            once.fingerprint.to_vec().into(),
            once.answer.to_vec().into(),
            (*created_at).into(),
        ]
    });
    let insert = "INSERT INTO idempotency_keys (key, fingerprint, answer, created_at)";
    batch.add(insert, "(?, ?, ?, ?)", values.collect(), "");
}

pub(super) fn callbacks(batch: &mut Batch, callbacks: &[(Uuid, &Callback)]) {
    let values = callbacks.iter().flat_map(|(order_id, callback)| -> [Value; 3] {
        [(*order_id).into(), callback.url.as_str().into(), callback.receiver.as_str().into()]
    });
    let insert = "INSERT INTO callbacks (order_id, url, receiver)";
    batch.add(insert, "(?, ?, ?)", values.collect(), "");
}
