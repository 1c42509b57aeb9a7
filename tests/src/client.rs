//! A client of both APIs, as a user would write it.

use std::{sync::Once, time::Duration};

use reqwest::{RequestBuilder, Response, StatusCode, Url};
use serde_json::{Value, json};

use crate::wait::eventually;

/// Longer than any answer takes, so that only a stalled server meets it.
const TIMEOUT: Duration = Duration::from_mins(1);

#[derive(Clone, Debug)]
pub struct Client {
    pub http: reqwest::Client,
    pub api: String,
    pub metrics: String,
}

/// What became of a request that wanted an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placed {
    /// 201: it is durable. `replayed` if an earlier request with the same key had made it.
    Accepted { order_id: String, replayed: bool },
    /// The server said no.
    Refused(StatusCode),
    /// No answer: it may or may not exist.
    Unanswered,
}

/// What became of a request that wanted several orders, each of which is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlacedMany {
    /// 200: all of them are durable, in the order of the request.
    Accepted { order_ids: Vec<String>, replayed: bool },
    /// The server said no.
    Refused(StatusCode),
    /// No answer: either all of them exist, or none does.
    Unanswered,
}

impl Client {
    pub fn new(api_port: u16, metrics_port: u16) -> Self {
        static TLS: Once = Once::new();
        TLS.call_once(|| {
            // The client is built with TLS even though nothing here uses it.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let http = reqwest::Client::builder().no_proxy().tcp_nodelay(true).timeout(TIMEOUT).build();
        Self {
            http: http.expect("a client without special settings"),
            api: format!("http://127.0.0.1:{api_port}"),
            metrics: format!("http://127.0.0.1:{metrics_port}"),
        }
    }

    /// A valid body; the number makes it different from others.
    pub fn order(number: usize) -> Value {
        json!({
            "user_id": format!("user-{}", number % 10),
            "item_ids": [format!("sku-{number}"), "sku-1"],
            "total_amount": 99.99,
        })
    }

    pub async fn place(&self, body: &Value, idempotency_key: Option<&str>) -> Placed {
        let mut request = self.http.post(format!("{}/orders/", self.api)).json(body);
        if let Some(key) = idempotency_key {
            request = request.header("Idempotency-Key", key);
        }
        let Ok(answer) = request.send().await else { return Placed::Unanswered };
        let (status, replayed) = (answer.status(), is_replayed(&answer));
        if status != StatusCode::CREATED {
            return Placed::Refused(status);
        }
        // The status line of a server that is killed can arrive without its body.
        let Ok(order) = answer.json::<Value>().await else { return Placed::Unanswered };
        Placed::Accepted { order_id: text(&order, "order_id"), replayed }
    }

    /// Places all of them in one request.
    ///
    /// # Panics
    /// When a batch is accepted without one of its orders.
    pub async fn place_many(&self, orders: &[Value], idempotency_key: Option<&str>) -> PlacedMany {
        let mut request =
            self.http.post(format!("{}/orders/batch", self.api)).json(&json!({ "orders": orders }));
        if let Some(key) = idempotency_key {
            request = request.header("Idempotency-Key", key);
        }
        let Ok(answer) = request.send().await else { return PlacedMany::Unanswered };
        let (status, replayed) = (answer.status(), is_replayed(&answer));
        if status != StatusCode::OK {
            return PlacedMany::Refused(status);
        }
        let Ok(answer) = answer.json::<Value>().await else { return PlacedMany::Unanswered };
        let results = answer["results"].as_array().expect("a batch has a list of results");
        assert_eq!(results.len(), orders.len(), "{answer}");
        let order_ids = results.iter().map(|result| text(&result["order"], "order_id")).collect();
        PlacedMany::Accepted { order_ids, replayed }
    }

    /// Places an order that must be accepted.
    pub async fn placed(&self, number: usize) -> String {
        match self.place(&Self::order(number), None).await {
            Placed::Accepted { order_id, .. } => order_id,
            other => panic!("not accepted: {other:?}"),
        }
    }

    pub async fn get(&self, order_id: &str) -> Result<Value, String> {
        answered(self.http.get(format!("{}/orders/{order_id}", self.api))).await
    }

    /// The order once it is final.
    pub async fn finished(&self, order_id: &str) -> Value {
        eventually(&format!("{order_id} is final"), async || {
            let order = answered(self.http.get(format!("{}/orders/{order_id}?wait=5", self.api))).await?;
            match order["status"].as_str() {
                Some("completed" | "failed" | "cancelled") => Ok(order),
                _ => Err(order.to_string()),
            }
        })
        .await
    }

    /// An order's timeline, oldest first, as the types of its events.
    pub async fn timeline(&self, order_id: &str) -> Result<Vec<String>, String> {
        let answer = answered(self.http.get(format!("{}/orders/{order_id}/events", self.api))).await?;
        let events = answer["events"].as_array().or_else(|| answer.as_array()).ok_or("no list")?;
        Ok(events.iter().map(|event| text(event, "type")).collect())
    }

    /// Every order there is, page by page.
    pub async fn all_orders(&self) -> Result<Vec<Value>, String> {
        let (mut orders, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut url = Url::parse(&format!("{}/orders/", self.api)).expect("a valid URL");
            url.query_pairs_mut().append_pair("limit", "100");
            if let Some(cursor) = &cursor {
                url.query_pairs_mut().append_pair("cursor", cursor);
            }
            let mut page = answered(self.http.get(url)).await?;
            if let Some(found) = page["orders"].as_array_mut() {
                orders.append(found);
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return Ok(orders),
            }
        }
    }

    /// `GET` of order-api.
    pub async fn api(&self, path: &str) -> Result<Value, String> {
        answered(self.http.get(format!("{}{path}", self.api))).await
    }

    /// `GET` of metrics-service.
    pub async fn metrics(&self, path: &str) -> Result<Value, String> {
        answered(self.http.get(format!("{}{path}", self.metrics))).await
    }
}

fn is_replayed(answer: &Response) -> bool {
    answer.headers().get("Idempotency-Replayed").is_some_and(|value| value == "true")
}

async fn answered(request: RequestBuilder) -> Result<Value, String> {
    let answer = request.send().await.map_err(|error| format!("{error:?}"))?;
    let status = answer.status();
    let body = Response::text(answer).await.map_err(|error| error.to_string())?;
    if !status.is_success() {
        return Err(format!("{status}: {body}"));
    }
    serde_json::from_str(&body).map_err(|error| format!("{error}: {body}"))
}

/// The number of an order that was made of [`Client::order`].
///
/// # Panics
/// When it has none.
pub fn number(order: &Value) -> usize {
    let number = order["item_ids"][0].as_str().and_then(|item| item.strip_prefix("sku-")?.parse().ok());
    number.unwrap_or_else(|| panic!("no number in {order}"))
}

/// A text field of an answer.
///
/// # Panics
/// When it is not there.
pub fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("{field} is no text in {value}")).to_owned()
}
