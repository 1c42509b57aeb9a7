//! An order as clients see it.

use contract::{FailureReason, Money, OrderId, Status, Timestamp};
use sea_orm::DbErr;
use serde::Serialize;
use serde_json::value::RawValue;

use super::row::{order_id, status, total_amount, unreadable};
use crate::entities::order;

/// Serialises to what [`crate::http`] documents as `Order`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct OrderView {
    order_id: OrderId,
    status: Status,
    created_at: Timestamp,
    updated_at: Timestamp,
    completed_at: Option<Timestamp>,
    user_id: String,
    item_ids: Box<RawValue>,
    total_amount: Money,
    attempts: i32,
    failure_reason: Option<FailureReason>,
}

impl OrderView {
    pub(crate) fn of(row: order::Model) -> Result<Self, DbErr> {
        let (status, total_amount) = (status(&row)?, total_amount(&row)?);
        let failure_reason = row.failure_code.as_ref().map(|code| FailureReason {
            code: code.clone(),
            message: row.failure_message.clone().unwrap_or_default(),
        });
        let item_ids = RawValue::from_string(row.item_ids.clone());
        Ok(Self {
            order_id: order_id(&row),
            status,
            created_at: Timestamp::from_micros(row.placed_at),
            updated_at: Timestamp::from_micros(row.updated_at),
            completed_at: row.completed_at.map(Timestamp::from_micros),
            item_ids: item_ids.map_err(|error| unreadable(&row, "item_ids", &error))?,
            user_id: row.user_id,
            total_amount,
            attempts: row.attempts,
            failure_reason,
        })
    }

    pub(crate) const fn status(&self) -> Status {
        self.status
    }

    pub(crate) const fn order_id(&self) -> OrderId {
        self.order_id
    }
}
