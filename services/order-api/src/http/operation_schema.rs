//! Bodies of [`super::operations`] as the OpenAPI document describes them.

use contract::{OrderId, Timestamp};
use poem_openapi::{Enum, Object, types::Example};
use runtime::http::schema::{Id, Nullable, Reference, Time};

const LETTER: &str = "0:1764000000000-0";

fn order_id() -> Id {
    Id("ORD-019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b".parse::<OrderId>().expect("a valid id"))
}

/// Seconds after the example letter died.
fn time(after: i64) -> Time {
    Time(Timestamp::from_micros((1_764_000_000 + after) * 1_000_000))
}

/// Which failed orders to retry; filters that are given must all match
#[derive(Clone, Debug, Object)]
#[oai(rename = "RetryOrders", example, skip_serializing_if_is_none)]
pub(super) struct RetryOrders {
    /// Only orders of this user
    pub(super) user_id: Option<Reference>,
    /// Only orders that failed with this code, for example `payment_refused`
    #[oai(validator(min_length = 1, max_length = 200, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$"))]
    pub(super) failure_code: Option<String>,
    /// Only orders placed at this time or later
    pub(super) created_from: Option<Time>,
    /// Only orders placed before this time
    pub(super) created_before: Option<Time>,
    /// Most orders to retry
    #[oai(default = "default_limit", validator(minimum(value = "1"), maximum(value = "1000")))]
    pub(super) limit: u32,
    /// Only say which orders these are
    #[oai(default)]
    pub(super) dry_run: bool,
}

const fn default_limit() -> u32 {
    100
}

impl Example for RetryOrders {
    fn example() -> Self {
        Self {
            user_id: None,
            failure_code: Some("payment_unavailable".to_owned()),
            created_from: Some(time(-3_600)),
            created_before: Some(time(0)),
            limit: default_limit(),
            dry_run: true,
        }
    }
}

/// What became of many failed orders
#[derive(Clone, Debug, Object)]
#[oai(rename = "RetriedOrders", example)]
pub(super) struct RetriedOrders {
    /// How many were looked at: those in `orders` and those that were skipped
    pub(super) matched: u64,
    /// How many are pending again; none after a dry run
    pub(super) retried: u64,
    /// How many match and can't be retried now: what was done for them is being undone, or somebody was faster
    pub(super) skipped: u64,
    /// Those that are pending again, or would be; oldest first
    pub(super) orders: Vec<Id>,
    /// Whether more match than the limit lets through
    pub(super) more: bool,
}

impl Example for RetriedOrders {
    fn example() -> Self {
        Self { matched: 2, retried: 1, skipped: 1, orders: vec![order_id()], more: false }
    }
}

/// One field of a message
#[derive(Clone, Debug, Object)]
#[oai(rename = "MessageField")]
pub(super) struct MessageField {
    pub(super) name: String,
    pub(super) value: String,
}

/// A message that no worker could make anything of
#[derive(Clone, Debug, Object)]
#[oai(rename = "DeadLetter", example)]
pub(super) struct DeadLetter {
    /// The partition, and the id of the entry there
    pub(super) id: String,
    /// When it was put aside
    pub(super) died_at: Time,
    /// Why
    pub(super) reason: String,
    /// The id that it had on the queue
    pub(super) entry_id: Nullable<String>,
    /// The order that it is about, where it says so
    pub(super) order_id: Nullable<Id>,
    /// The message as it came
    pub(super) fields: Vec<MessageField>,
}

impl Example for DeadLetter {
    fn example() -> Self {
        let field = |name: &str, value: &str| MessageField { name: name.to_owned(), value: value.to_owned() };
        Self {
            id: LETTER.to_owned(),
            died_at: time(0),
            reason: "unknown type \"order.pack\"".to_owned(),
            entry_id: Nullable(Some("1763999999990-0".to_owned())),
            order_id: Nullable(Some(order_id())),
            fields: vec![field("type", "order.pack"), field("subject", &order_id().0.to_string())],
        }
    }
}

/// A page of dead letters
#[derive(Clone, Debug, Object)]
#[oai(rename = "DeadLetterPage", example)]
pub(super) struct DeadLetterPage {
    /// Oldest first
    pub(super) dead_letters: Vec<DeadLetter>,
    /// For the next page; null on the last
    pub(super) next_cursor: Nullable<String>,
}

impl Example for DeadLetterPage {
    fn example() -> Self {
        Self { dead_letters: vec![DeadLetter::example()], next_cursor: Nullable(None) }
    }
}

/// Which dead letters to send again: either `ids` or `all`
#[derive(Clone, Debug, Object)]
#[oai(rename = "RedriveDeadLetters", example, skip_serializing_if_is_none)]
pub(super) struct RedriveDeadLetters {
    /// These
    #[oai(validator(min_items = 1, max_items = 1000))]
    pub(super) ids: Option<Vec<String>>,
    /// `true`: the oldest 1,000
    pub(super) all: Option<bool>,
    /// Only say what would become of each; give `false` to have them sent
    #[oai(default = "dry_run")]
    pub(super) dry_run: bool,
}

const fn dry_run() -> bool {
    true
}

impl Example for RedriveDeadLetters {
    fn example() -> Self {
        Self { ids: None, all: Some(true), dry_run: true }
    }
}

/// What became of a dead letter
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "RedriveOutcome", rename_all = "snake_case")]
pub(super) enum RedriveOutcome {
    /// It is back on the queue
    Redriven,
    /// A dry run: it would be
    Redrivable,
    /// There is no such dead letter (any more)
    NotFound,
    /// Its order has another message by now, and is worked on without this one
    OrderHasMessage,
    /// It has no fields that could be sent
    NothingToSend,
}

/// What became of one dead letter
#[derive(Clone, Debug, Object)]
#[oai(rename = "RedriveResult", example)]
pub(super) struct RedriveResult {
    pub(super) id: String,
    pub(super) outcome: RedriveOutcome,
}

impl Example for RedriveResult {
    fn example() -> Self {
        Self { id: LETTER.to_owned(), outcome: RedriveOutcome::Redriven }
    }
}

/// What became of many dead letters
#[derive(Clone, Debug, Object)]
#[oai(rename = "RedriveResults", example)]
pub(super) struct RedriveResults {
    /// Whether nothing was sent
    pub(super) dry_run: bool,
    /// How many are back on the queue
    pub(super) redriven: u64,
    /// One for each
    pub(super) results: Vec<RedriveResult>,
    /// Whether `all` are more than were looked at
    pub(super) more: bool,
}

impl Example for RedriveResults {
    fn example() -> Self {
        let result = RedriveResult { id: LETTER.to_owned(), outcome: RedriveOutcome::Redrivable };
        Self { dry_run: true, redriven: 0, results: vec![result], more: false }
    }
}
