//! What the APIs answer, as far as it is used here; the documents in `openapi/` say what each field means. Printed as JSON
//! they have the same names.

#![expect(clippy::struct_field_names, reason = "the names are those of the APIs")]

use contract::{FailureReason, Money, Status, StatusCounts, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) order_id: String,
    pub(crate) status: Status,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) completed_at: Option<Timestamp>,
    pub(crate) user_id: String,
    pub(crate) item_ids: Vec<String>,
    pub(crate) total_amount: Money,
    pub(crate) attempts: u32,
    pub(crate) failure_reason: Option<FailureReason>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct OrderPage {
    pub(crate) orders: Vec<Order>,
    pub(crate) next_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct PlaceResults {
    pub(crate) results: Vec<PlaceResult>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PlaceResult {
    pub(crate) index: u64,
    pub(crate) status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) order: Option<Order>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<Box<RawValue>>,
}

/// Something that happened to an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Event {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) time: Timestamp,
    pub(crate) version: u32,
    pub(crate) data: Box<RawValue>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Timeline {
    pub(crate) events: Vec<Event>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Queue {
    pub(crate) queue_length: u64,
    pub(crate) queue_length_exact: bool,
    pub(crate) in_progress: u64,
    pub(crate) delayed: u64,
    pub(crate) dead: u64,
    pub(crate) unpublished: u64,
    pub(crate) pending_orders: Vec<String>,
    pub(crate) total_processed: u64,
    pub(crate) oldest_waiting_seconds: Option<f64>,
    pub(crate) workers: Vec<Worker>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Worker {
    pub(crate) name: String,
    pub(crate) in_progress: u64,
    pub(crate) idle_seconds: f64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RetriedOrders {
    pub(crate) matched: u64,
    pub(crate) retried: u64,
    pub(crate) skipped: u64,
    pub(crate) orders: Vec<String>,
    pub(crate) more: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DeadLetter {
    pub(crate) id: String,
    pub(crate) died_at: Timestamp,
    pub(crate) reason: String,
    pub(crate) entry_id: Option<String>,
    pub(crate) order_id: Option<String>,
    pub(crate) fields: Vec<MessageField>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MessageField {
    pub(crate) name: String,
    pub(crate) value: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct DeadLetterPage {
    pub(crate) dead_letters: Vec<DeadLetter>,
    pub(crate) next_cursor: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RedriveResults {
    pub(crate) dry_run: bool,
    pub(crate) redriven: u64,
    pub(crate) results: Vec<RedriveResult>,
    pub(crate) more: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RedriveResult {
    pub(crate) id: String,
    pub(crate) outcome: String,
}

/// The numbers of metrics-service.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Stats {
    pub(crate) as_of: Timestamp,
    pub(crate) rebuilding: bool,
    pub(crate) total_orders: u64,
    pub(crate) total_orders_processed: u64,
    pub(crate) average_processing_time_seconds: f64,
    pub(crate) order_status_counts: StatusCounts,
    pub(crate) durations: Durations,
    pub(crate) rates: Rates,
    pub(crate) partitions: Vec<Partition>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Durations {
    pub(crate) waiting: Spread,
    pub(crate) processing: Spread,
    pub(crate) end_to_end: Spread,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Spread {
    pub(crate) count: u64,
    pub(crate) mean_seconds: f64,
    pub(crate) p50_seconds: f64,
    pub(crate) p95_seconds: f64,
    pub(crate) p99_seconds: f64,
    pub(crate) max_seconds: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Rates {
    pub(crate) last_1_minute: Rate,
    pub(crate) last_5_minutes: Rate,
    pub(crate) last_15_minutes: Rate,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Rate {
    pub(crate) accepted_per_second: f64,
    pub(crate) completed_per_second: f64,
    pub(crate) failed_per_second: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Partition {
    pub(crate) partition: u16,
    /// Not known: absent.
    #[serde(default)]
    pub(crate) undelivered: u64,
    #[serde(default)]
    pub(crate) unacknowledged: u64,
}
