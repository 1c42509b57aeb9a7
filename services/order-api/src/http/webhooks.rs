//! What is told of an order, and to whom.

use contract::{OrderId, Timestamp};
use runtime::http::{JsonAnswer, Problem};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    problems::{order_not_found, parse_id},
    state::State,
    webhook_schema,
};
use crate::{entities::webhook, orders, storage, webhooks};

/// Documented as [`webhook_schema::OrderWebhooks`].
#[derive(Serialize)]
struct OrderWebhooks {
    order_id: OrderId,
    callback_url: Option<String>,
    webhooks: Vec<Webhook>,
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the name of the header")]
struct Webhook {
    webhook_id: String,
    r#type: String,
    url: String,
    state: String,
    created_at: Timestamp,
    next_attempt_at: Option<Timestamp>,
    attempt_count: i32,
    attempts: Box<RawValue>,
}

impl State {
    pub(super) async fn webhooks(
        &self,
        order_id: &str,
    ) -> Result<JsonAnswer<webhook_schema::OrderWebhooks>, Problem> {
        let order_id = parse_id(order_id)?;
        let reader = &self.database.reader;
        let order = orders::find(reader, order_id).await.map_err(|error| storage::unavailable(&error))?;
        order.ok_or_else(order_not_found)?;
        let told = webhooks::of_order(reader, order_id).await;
        let (callback_url, told) = told.map_err(|error| storage::unavailable(&error))?;
        let webhooks = told.into_iter().map(Webhook::of).collect::<Result<_, _>>();
        let webhooks = webhooks.map_err(|error: serde_json::Error| Problem::internal_from(&error))?;
        Ok(JsonAnswer::of(&OrderWebhooks { order_id, callback_url, webhooks }))
    }
}

impl Webhook {
    fn of(row: webhook::Model) -> Result<Self, serde_json::Error> {
        Ok(Self {
            webhook_id: webhooks::id(&row),
            attempts: RawValue::from_string(row.log)?,
            r#type: row.kind,
            url: row.url,
            state: row.state,
            created_at: Timestamp::from_micros(row.created_at),
            next_attempt_at: row.due_at.map(Timestamp::from_micros),
            attempt_count: row.attempts,
        })
    }
}
