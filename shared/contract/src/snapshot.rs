//! The numbers that metrics-service leaves in Redis for order-api, so that asking for them touches no order.

use serde::{Deserialize, Serialize};

use crate::{status::Status, timestamp::Timestamp};

/// How things stood at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricsSnapshot {
    /// When it was taken.
    pub as_of: Timestamp,
    /// Mean time from the start of the attempt that completed an order to its end; 0 while none has.
    pub average_processing_time_seconds: f64,
    pub order_status_counts: StatusCounts,
    /// Orders that were completed or failed.
    pub total_orders_processed: u64,
}

/// Orders by status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusCounts {
    pub pending: u64,
    pub processing: u64,
    pub completed: u64,
    pub failed: u64,
    pub cancelled: u64,
}

impl StatusCounts {
    pub const fn of(&self, status: Status) -> u64 {
        match status {
            Status::Pending => self.pending,
            Status::Processing => self.processing,
            Status::Completed => self.completed,
            Status::Failed => self.failed,
            Status::Cancelled => self.cancelled,
        }
    }

    pub const fn of_mut(&mut self, status: Status) -> &mut u64 {
        match status {
            Status::Pending => &mut self.pending,
            Status::Processing => &mut self.processing,
            Status::Completed => &mut self.completed,
            Status::Failed => &mut self.failed,
            Status::Cancelled => &mut self.cancelled,
        }
    }

    pub const fn total(&self) -> u64 {
        self.on_their_way() + self.processed() + self.cancelled
    }

    /// Orders that are not final.
    pub const fn on_their_way(&self) -> u64 {
        self.pending + self.processing
    }

    /// Orders that were completed or failed.
    pub const fn processed(&self) -> u64 {
        self.completed + self.failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Golden: two services of different versions may meet over it.
    #[test]
    fn the_wire_form_never_changes() {
        let mut order_status_counts = StatusCounts::default();
        for (status, count) in Status::ALL.into_iter().zip(1..) {
            *order_status_counts.of_mut(status) = count;
            assert_eq!(order_status_counts.of(status), count);
        }
        assert_eq!((order_status_counts.on_their_way(), order_status_counts.total()), (3, 15));
        let snapshot = MetricsSnapshot {
            as_of: Timestamp::from_micros(1_764_000_000_000_000),
            average_processing_time_seconds: 0.25,
            order_status_counts,
            total_orders_processed: order_status_counts.processed(),
        };
        let wire = r#"{"as_of":"2025-11-24T16:00:00.000000Z","average_processing_time_seconds":0.25,"order_status_counts":{"pending":1,"processing":2,"completed":3,"failed":4,"cancelled":5},"total_orders_processed":7}"#;
        assert_eq!(serde_json::to_string(&snapshot).unwrap(), wire);
        assert_eq!(serde_json::from_str::<MetricsSnapshot>(wire).unwrap(), snapshot);
    }
}
