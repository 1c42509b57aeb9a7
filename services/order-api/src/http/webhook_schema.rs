//! The answer about an order's webhooks as the OpenAPI document describes it. The real one is written by [`super::webhooks`].

use poem_openapi::{Enum, Object, types::Example};
use runtime::http::schema::{Id, Nullable, Time};

use super::schema::{id, time};

/// Where a delivery stands
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "WebhookState", rename_all = "snake_case")]
pub(super) enum WebhookState {
    /// Not delivered yet
    Pending,
    /// The receiver answered 2xx
    Delivered,
    /// The receiver answered 410, and is not asked again
    Gone,
    /// It was tried for as long as it is to be
    GivenUp,
}

/// One attempt to deliver a webhook
#[derive(Clone, Debug, Object)]
#[oai(rename = "WebhookAttempt")]
pub(super) struct WebhookAttempt {
    pub(super) at: Time,
    /// How long it took
    pub(super) seconds: f64,
    /// The status of the answer; null where there was none
    pub(super) status: Nullable<u16>,
    /// Why there was no answer
    pub(super) error: Nullable<String>,
}

/// An event that is told, or was
#[derive(Clone, Debug, Object)]
#[oai(rename = "Webhook")]
#[expect(clippy::struct_field_names, reason = "the name of the header")]
pub(super) struct Webhook {
    /// The header `webhook-id` of each attempt
    pub(super) webhook_id: String,
    /// `order.completed`, `order.failed`, `order.cancelled`, …
    pub(super) r#type: String,
    pub(super) url: String,
    pub(super) state: WebhookState,
    pub(super) created_at: Time,
    /// Null when it is over
    pub(super) next_attempt_at: Nullable<Time>,
    /// How many attempts were begun
    pub(super) attempt_count: u32,
    /// The last 50 that came to an end, oldest first
    pub(super) attempts: Vec<WebhookAttempt>,
}

/// What is told of an order, and to whom
#[derive(Clone, Debug, Object)]
#[oai(rename = "OrderWebhooks", example)]
pub(super) struct OrderWebhooks {
    pub(super) order_id: Id,
    /// What the order was placed with
    pub(super) callback_url: Nullable<String>,
    /// Oldest first
    pub(super) webhooks: Vec<Webhook>,
}

impl Example for OrderWebhooks {
    fn example() -> Self {
        let attempt = WebhookAttempt {
            at: time(2_000),
            seconds: 0.082,
            status: Nullable(Some(204)),
            error: Nullable(None),
        };
        let url = "https://shop.example.com/hooks/orders".to_owned();
        let webhook = Webhook {
            webhook_id: "msg_019a1b2c3d4e7f508a6b7c8d9e0f1a2b_3".to_owned(),
            r#type: "order.completed".to_owned(),
            url: url.clone(),
            state: WebhookState::Delivered,
            created_at: time(1_000),
            next_attempt_at: Nullable(None),
            attempt_count: 1,
            attempts: vec![attempt],
        };
        Self { order_id: id(), callback_url: Nullable(Some(url)), webhooks: vec![webhook] }
    }
}
