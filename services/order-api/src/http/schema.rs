//! Bodies as the OpenAPI document describes them. The real ones are read by [`super::order_body`] and written by
//! [`crate::orders`]; a test holds both to these.

use contract::{OrderId, Status, Timestamp};
use poem_openapi::{
    Enum, Object,
    types::{Any, Example},
};
use runtime::http::{
    ProblemSchema,
    schema::{Amount, Id, Nullable, Reference, Time},
};
use serde_json::json;

pub(super) fn id() -> Id {
    Id("ORD-019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b".parse::<OrderId>().expect("a valid id"))
}

/// Microseconds after the example order was placed.
pub(super) fn time(after: i64) -> Time {
    Time(Timestamp::from_micros(1_764_000_000_000_000 + after))
}

fn amount() -> Amount {
    Amount("99.99".parse().expect("a valid amount"))
}

/// An order to place
#[derive(Clone, Debug, Object)]
#[oai(rename = "PlaceOrder", example, skip_serializing_if_is_none)]
pub(super) struct PlaceOrder {
    /// Who orders: 1 to 200 characters, or an integer, which comes back as a string
    pub(super) user_id: Reference,
    /// What is ordered, as strings or integers, which come back as strings; the same item may be named more than once
    #[oai(validator(min_items = 1, max_items = 1000))]
    pub(super) item_ids: Vec<Reference>,
    /// What it costs: not negative, at most 4 decimal places
    pub(super) total_amount: Amount,
    /// Where its end is told by a signed POST, if the service is set up for webhooks: `https://` or `http://`, and no
    /// credentials
    #[oai(validator(max_length = 2048, pattern = "^https?://"))]
    pub(super) callback_url: Option<String>,
}

impl Example for PlaceOrder {
    fn example() -> Self {
        let item_ids = ["sku-1", "sku-2"].map(|item| Reference(item.to_owned())).to_vec();
        Self { user_id: Reference("user-1".to_owned()), item_ids, total_amount: amount(), callback_url: None }
    }
}

/// Many orders to place at once
#[derive(Clone, Debug, Object)]
#[oai(rename = "PlaceOrders", example)]
pub(super) struct PlaceOrders {
    #[oai(validator(min_items = 1, max_items = 1000))]
    pub(super) orders: Vec<PlaceOrder>,
}

impl Example for PlaceOrders {
    fn example() -> Self {
        Self { orders: vec![PlaceOrder::example()] }
    }
}

/// Where an order stands
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "OrderStatus", rename_all = "lowercase")]
pub(super) enum OrderStatus {
    /// Accepted and not in work
    Pending,
    Processing,
    Completed,
    Failed,
    Cancelled,
}

impl From<OrderStatus> for Status {
    fn from(status: OrderStatus) -> Self {
        match status {
            OrderStatus::Pending => Self::Pending,
            OrderStatus::Processing => Self::Processing,
            OrderStatus::Completed => Self::Completed,
            OrderStatus::Failed => Self::Failed,
            OrderStatus::Cancelled => Self::Cancelled,
        }
    }
}

/// Why an order, or its last attempt, failed
#[derive(Clone, Debug, Object)]
#[oai(rename = "FailureReason")]
pub(super) struct FailureReason {
    /// For programs: `payment_refused`, `stock_unavailable`, …
    pub(super) code: String,
    /// For people
    pub(super) message: String,
}

/// An order
#[derive(Clone, Debug, Object)]
#[oai(rename = "Order", example)]
#[expect(clippy::struct_field_names, reason = "the wire's names")]
pub(super) struct Order {
    pub(super) order_id: Id,
    pub(super) status: OrderStatus,
    /// When it was accepted
    pub(super) created_at: Time,
    /// When its status changed last
    pub(super) updated_at: Time,
    /// When it was completed
    pub(super) completed_at: Nullable<Time>,
    pub(super) user_id: String,
    pub(super) item_ids: Vec<String>,
    pub(super) total_amount: Amount,
    /// How often it was taken into work
    pub(super) attempts: u32,
    pub(super) failure_reason: Nullable<FailureReason>,
}

impl Example for Order {
    fn example() -> Self {
        Self {
            order_id: id(),
            status: OrderStatus::Pending,
            created_at: time(0),
            updated_at: time(0),
            completed_at: Nullable(None),
            user_id: "user-1".to_owned(),
            item_ids: vec!["sku-1".to_owned(), "sku-2".to_owned()],
            total_amount: amount(),
            attempts: 0,
            failure_reason: Nullable(None),
        }
    }
}

/// What became of one order of many
#[derive(Clone, Debug, Object)]
#[oai(rename = "PlaceResult", skip_serializing_if_is_none)]
pub(super) struct PlaceResult {
    /// Its place in the request, from 0
    pub(super) index: u32,
    /// What the order would have been answered by itself: 201 or 422
    pub(super) status: u16,
    /// The order, if it was accepted
    pub(super) order: Option<Order>,
    /// Why it was refused, if it was
    pub(super) problem: Option<ProblemSchema>,
}

/// What became of many orders
#[derive(Clone, Debug, Object)]
#[oai(rename = "PlaceResults", example)]
pub(super) struct PlaceResults {
    /// How many were accepted; all of these are durable
    pub(super) accepted: u32,
    /// How many were refused
    pub(super) refused: u32,
    /// One for each order, in the request's order
    pub(super) results: Vec<PlaceResult>,
}

impl Example for PlaceResults {
    fn example() -> Self {
        let result = PlaceResult { index: 0, status: 201, order: Some(Order::example()), problem: None };
        Self { accepted: 1, refused: 0, results: vec![result] }
    }
}

/// A page of orders
#[derive(Clone, Debug, Object)]
#[oai(rename = "OrderPage", example)]
pub(super) struct OrderPage {
    /// Newest first
    pub(super) orders: Vec<Order>,
    /// For the next page; null on the last
    pub(super) next_cursor: Nullable<Id>,
}

impl Example for OrderPage {
    fn example() -> Self {
        Self { orders: vec![Order::example()], next_cursor: Nullable(None) }
    }
}

/// Something that happened to an order
#[derive(Clone, Debug, Object)]
#[oai(rename = "OrderEvent")]
pub(super) struct OrderEvent {
    /// `order.placed`, `order.processing`, `order.completed`, `order.failed`, `order.retrying`, …
    pub(super) r#type: String,
    /// When it happened
    pub(super) time: Time,
    /// Grows with each event of the order
    pub(super) version: u32,
    /// What the event carries; its schema is in the AsyncAPI document
    pub(super) data: Any<serde_json::Value>,
}

/// An order's timeline
#[derive(Clone, Debug, Object)]
#[oai(rename = "OrderTimeline", example)]
pub(super) struct OrderTimeline {
    pub(super) order_id: Id,
    /// Oldest first
    pub(super) events: Vec<OrderEvent>,
}

impl Example for OrderTimeline {
    fn example() -> Self {
        let data = json!({"version": 2, "attempt": 1, "worker": "order-processor-0", "placed_at": "2025-11-24T16:00:00.000000Z"});
        let event = OrderEvent {
            r#type: "order.processing".to_owned(),
            time: time(2_000),
            version: 2,
            data: Any(data),
        };
        Self { order_id: id(), events: vec![event] }
    }
}

/// A worker, living or gone
#[derive(Clone, Debug, Object)]
#[oai(rename = "Worker")]
pub(super) struct Worker {
    pub(super) name: String,
    /// Orders that it was given and has not finished
    pub(super) in_progress: u64,
    /// Since it last asked for work; one that lives asks every few seconds
    pub(super) idle_seconds: f64,
}

/// The queue as it stands now
#[derive(Clone, Debug, Object)]
#[oai(rename = "QueueStatus", example)]
pub(super) struct QueueStatus {
    /// Orders that no worker has been given yet
    pub(super) queue_length: u64,
    /// False when Redis lost count, and `queue_length` is an upper bound
    pub(super) queue_length_exact: bool,
    /// Orders that a worker was given and has not finished
    pub(super) in_progress: u64,
    /// Orders that wait for their next attempt
    pub(super) delayed: u64,
    /// Messages that nobody could process
    pub(super) dead: u64,
    /// Orders that are accepted and not yet published to the workers
    pub(super) unpublished: u64,
    /// The next ten orders to be given to a worker
    pub(super) pending_orders: Vec<Id>,
    /// Orders that were completed or failed
    pub(super) total_processed: u64,
    /// How long the oldest order has waited for a worker
    pub(super) oldest_waiting_seconds: Nullable<f64>,
    pub(super) workers: Vec<Worker>,
}

impl Example for QueueStatus {
    fn example() -> Self {
        let worker = Worker { name: "order-processor-0".to_owned(), in_progress: 12, idle_seconds: 0.004 };
        Self {
            queue_length: 3,
            queue_length_exact: true,
            in_progress: 12,
            delayed: 1,
            dead: 0,
            unpublished: 0,
            pending_orders: vec![id()],
            total_processed: 1_042,
            oldest_waiting_seconds: Nullable(Some(0.25)),
            workers: vec![worker],
        }
    }
}

/// Orders by status
#[derive(Clone, Debug, Object)]
#[oai(rename = "OrderStatusCounts")]
pub(super) struct OrderStatusCounts {
    pub(super) pending: u64,
    pub(super) processing: u64,
    pub(super) completed: u64,
    pub(super) failed: u64,
    pub(super) cancelled: u64,
}

/// The numbers, as metrics-service last saw them
#[derive(Clone, Debug, Object)]
#[oai(rename = "OrderMetrics", example)]
pub(super) struct OrderMetrics {
    /// When they were taken; null while there are none
    pub(super) as_of: Nullable<Time>,
    /// From the start of the attempt that completed an order to its end, on average
    pub(super) average_processing_time_seconds: f64,
    pub(super) order_status_counts: OrderStatusCounts,
    /// Orders that were completed or failed
    pub(super) total_orders_processed: u64,
}

impl Example for OrderMetrics {
    fn example() -> Self {
        let order_status_counts =
            OrderStatusCounts { pending: 3, processing: 12, completed: 1_040, failed: 2, cancelled: 0 };
        Self {
            as_of: Nullable(Some(time(0))),
            average_processing_time_seconds: 0.018,
            order_status_counts,
            total_orders_processed: 1_042,
        }
    }
}
