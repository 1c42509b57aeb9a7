//! Placing orders: from a valid body to the answer that promises durability.

use bytes::Bytes;
use contract::{OrderContent, OrderId};
use runtime::{
    http::{JsonAnswer, JsonBody, Problem},
    ids::new_order_id,
    trace_context::current_traceparent,
};
use serde::{Deserialize, Serialize};
use tracing::Span;

use super::{
    answers::{Placed, PlacedMany, replayed},
    idempotency::{IdempotencyKey, fingerprint},
    order_body::{PlaceOrder, PlaceOrders},
    schema,
    state::State,
};
use crate::{
    intake::{IntakeError, NewOrder, Once, Receipt, Submission},
    orders::{self, OrderView},
    storage,
    webhooks::Callback,
};

impl State {
    pub(super) async fn place(
        &self,
        key: Option<IdempotencyKey>,
        body: JsonBody<PlaceOrder>,
    ) -> Result<Placed, Problem> {
        let PlaceOrder { content, callback } = body.value;
        if let Some(problem) = self.refused_callback(callback.as_deref()) {
            return Err(problem);
        }
        if let Some(faults) =
            self.catalog.faults(&[&content]).await?.pop().filter(|faults| !faults.is_empty())
        {
            return Err(Problem::validation(faults));
        }
        let (order, view) = self.new_order(&content, callback)?;
        let order_id = view.order_id();
        Span::current().record("order.id", tracing::field::display(order_id));
        let answer = JsonAnswer::<schema::Order>::of(&view).bytes().clone();
        let once = key.map(|key| once(key, "POST /orders", &body.bytes, &answer));
        let stored = self.store(Submission { orders: vec![order], once }).await?;
        let (answer, order_id, again) = match stored {
            Receipt::Stored => (answer, order_id, false),
            Receipt::Replayed(answer) => {
                let order_id = id_of(&answer)?;
                (answer, order_id, true)
            }
        };
        let location = format!("/orders/{order_id}");
        Ok(Placed::Created(JsonAnswer::from_bytes(answer), location, replayed(again)))
    }

    pub(super) async fn place_many(
        &self,
        key: Option<IdempotencyKey>,
        body: JsonBody<PlaceOrders>,
    ) -> Result<PlacedMany, Problem> {
        let asked = self.against_catalog(body.value.0).await?;
        let (mut orders, mut results) = (Vec::with_capacity(asked.len()), Vec::with_capacity(asked.len()));
        for (index, order) in asked.into_iter().enumerate() {
            results.push(match order {
                Ok(PlaceOrder { content, callback }) => {
                    let (order, view) = self.new_order(&content, callback)?;
                    orders.push(order);
                    PlaceResult { index, status: 201, order: Some(view), problem: None }
                }
                Err(problem) => PlaceResult {
                    index,
                    status: problem.status.as_u16(),
                    order: None,
                    problem: Some(problem),
                },
            });
        }
        let accepted = orders.len();
        let answer = PlaceResults { accepted, refused: results.len() - accepted, results };
        let answer = JsonAnswer::<schema::PlaceResults>::of(&answer).bytes().clone();
        let once = key.map(|key| once(key, "POST /orders/batch", &body.bytes, &answer));
        let (answer, again) = match self.store(Submission { orders, once }).await? {
            Receipt::Stored => (answer, false),
            Receipt::Replayed(answer) => (answer, true),
        };
        Ok(PlacedMany::Done(JsonAnswer::from_bytes(answer), replayed(again)))
    }

    fn new_order(
        &self,
        content: &OrderContent,
        callback: Option<Box<Callback>>,
    ) -> Result<(NewOrder, OrderView), Problem> {
        let row = orders::new_row(new_order_id(&self.clock), content);
        let view = OrderView::of(row.clone()).map_err(|error| Problem::internal_from(&error))?;
        Ok((NewOrder { row: row.into(), traceparent: current_traceparent(), callback }, view))
    }

    async fn store(&self, submission: Submission) -> Result<Receipt, Problem> {
        self.intake.store(submission).await.map_err(|error| match error {
            IntakeError::Overloaded => Problem::overloaded(),
            IntakeError::KeyReused => Problem::unprocessable(
                "idempotency_key_reused",
                "this Idempotency-Key was used with another body; use a new key for a new request",
            ),
            IntakeError::Storage => storage::cannot_store(),
        })
    }

    fn refused_callback(&self, callback: Option<&Callback>) -> Option<Problem> {
        let fault = self.hooks.refuse(callback?)?;
        Some(Problem::validation(vec![fault]))
    }

    /// Valid orders that the catalogue refuses become problems, too, and those whose callback can't be used.
    async fn against_catalog(
        &self,
        asked: Vec<Result<PlaceOrder, Problem>>,
    ) -> Result<Vec<Result<PlaceOrder, Problem>>, Problem> {
        let valid: Vec<&OrderContent> =
            asked.iter().filter_map(|order| Some(&order.as_ref().ok()?.content)).collect();
        let mut faults = self.catalog.faults(&valid).await?.into_iter();
        let judge = |order: Result<PlaceOrder, Problem>| {
            let order = order?;
            match faults.next().filter(|faults| !faults.is_empty()) {
                Some(faults) => Err(Problem::validation(faults)),
                None => self.refused_callback(order.callback.as_deref()).map_or(Ok(order), Err),
            }
        };
        Ok(asked.into_iter().map(judge).collect())
    }
}

/// Documented as [`super::schema::PlaceResults`].
#[derive(Serialize)]
struct PlaceResults {
    accepted: usize,
    refused: usize,
    results: Vec<PlaceResult>,
}

#[derive(Serialize)]
struct PlaceResult {
    index: usize,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<OrderView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

fn once(key: IdempotencyKey, route: &str, body: &[u8], answer: &Bytes) -> Once {
    Once { key: key.into_string(), fingerprint: fingerprint(route, body), answer: answer.clone() }
}

/// The order that a stored answer is about.
fn id_of(answer: &[u8]) -> Result<OrderId, Problem> {
    #[derive(Deserialize)]
    struct Stored {
        order_id: OrderId,
    }
    let stored: Stored = serde_json::from_slice(answer).map_err(|error| Problem::internal_from(&error))?;
    Ok(stored.order_id)
}
