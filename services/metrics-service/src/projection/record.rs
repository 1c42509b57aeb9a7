//! An order as order-api has it: what the numbers are corrected by where events were lost.

use contract::{OrderId, Status, Timestamp};
use serde::Deserialize;

/// Where one order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct OrderRecord {
    pub order_id: OrderId,
    pub status: Status,
    /// Of the last event that order-api knows of.
    pub version: u32,
    pub placed_at: Timestamp,
    /// When the last attempt began.
    pub started_at: Option<Timestamp>,
    /// When it was completed, failed or cancelled.
    pub finished_at: Option<Timestamp>,
    pub attempts: u32,
}

/// Some of all orders, by their ids, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Page {
    pub orders: Vec<OrderRecord>,
    /// The id after which the next page begins; `None`: there is no other.
    pub next: Option<OrderId>,
}

impl OrderRecord {
    /// When it was completed or failed.
    pub(super) fn end(&self) -> Option<Timestamp> {
        self.finished_at.filter(|_| matches!(self.status, Status::Completed | Status::Failed))
    }

    /// When its first attempt began, if this was the last one too.
    pub(super) fn first_start(&self) -> Option<Timestamp> {
        self.started_at.filter(|_| self.attempts == 1)
    }
}
