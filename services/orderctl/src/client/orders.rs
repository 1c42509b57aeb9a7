//! Orders: placed, read, followed, cancelled, retried.

use std::time::Duration;

use contract::{Status, Timestamp};
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use runtime::Service::OrderApi;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    Client,
    model::{Event, Order, OrderPage, PlaceResults, RetriedOrders, Timeline},
};
use crate::exit::Failure;

/// What one page may hold.
pub(crate) const LARGEST_PAGE: u64 = 100;

/// Which orders to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) status: Option<Status>,
    pub(crate) user: Option<String>,
    pub(crate) from: Option<Timestamp>,
    pub(crate) before: Option<Timestamp>,
}

/// Which failed orders to retry.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Retry {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) created_from: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) created_before: Option<Timestamp>,
    pub(crate) limit: u32,
    pub(crate) dry_run: bool,
}

/// The order that a request placed, or that an earlier one with the same key had placed.
#[derive(Debug)]
pub(crate) struct Placement {
    pub(crate) order: Order,
    pub(crate) replayed: bool,
}

/// An order's timeline, one way or the other.
pub(crate) enum Following {
    /// As it happens.
    Live(Response),
    /// Up to now.
    SoFar(Vec<Event>),
}

impl Client {
    pub(crate) async fn place(&self, order: &RawValue, key: &str) -> Result<Placement, Failure> {
        let request = self.posting(&["orders"], order).header("Idempotency-Key", key);
        let answer = self.send(OrderApi, request).await?;
        let replayed = answer.headers().get("idempotency-replayed").is_some_and(|value| value == "true");
        let body = self.body(OrderApi, answer).await?;
        let order = serde_json::from_slice(&body).map_err(|error| {
            Failure::failed(format!("the order was placed, and the answer is unreadable: {error}"))
        })?;
        Ok(Placement { order, replayed })
    }

    pub(crate) async fn place_many(
        &self,
        orders: &[Box<RawValue>],
        key: &str,
    ) -> Result<PlaceResults, Failure> {
        #[derive(Serialize)]
        struct Batch<'a> {
            orders: &'a [Box<RawValue>],
        }
        let request = self.posting(&["orders", "batch"], &Batch { orders }).header("Idempotency-Key", key);
        self.answer(OrderApi, request).await
    }

    pub(crate) async fn get(&self, order_id: &str) -> Result<Order, Failure> {
        self.answer(OrderApi, self.request(OrderApi, Method::GET, &["orders", order_id], &[])).await
    }

    /// The order as soon as it is final, and at the latest after that many seconds, of which 60 are the most.
    pub(crate) async fn get_when_final(&self, order_id: &str, wait_secs: u64) -> Result<Order, Failure> {
        let wait = wait_secs.min(60);
        let request =
            self.request(OrderApi, Method::GET, &["orders", order_id], &[("wait", wait.to_string())]);
        self.answer(OrderApi, request.timeout(self.timeout + Duration::from_secs(wait))).await
    }

    pub(crate) async fn cancel(&self, order_id: &str) -> Result<Order, Failure> {
        self.answer(OrderApi, self.request(OrderApi, Method::POST, &["orders", order_id, "cancel"], &[]))
            .await
    }

    pub(crate) async fn retry(&self, order_id: &str) -> Result<Order, Failure> {
        self.answer(OrderApi, self.request(OrderApi, Method::POST, &["orders", order_id, "retry"], &[])).await
    }

    pub(crate) async fn retry_many(&self, which: &Retry) -> Result<RetriedOrders, Failure> {
        self.answer(OrderApi, self.posting(&["orders", "retry"], which)).await
    }

    pub(crate) async fn page(
        &self,
        filter: &Filter,
        limit: u64,
        cursor: Option<&str>,
    ) -> Result<OrderPage, Failure> {
        let mut query = vec![("limit", limit.to_string())];
        query.extend(filter.status.map(|status| ("status", status.to_string())));
        query.extend(filter.user.clone().map(|user| ("user_id", user)));
        query.extend(filter.from.map(|from| ("created_from", from.to_string())));
        query.extend(filter.before.map(|before| ("created_before", before.to_string())));
        query.extend(cursor.map(|cursor| ("cursor", cursor.to_owned())));
        self.answer(OrderApi, self.request(OrderApi, Method::GET, &["orders"], &query)).await
    }

    /// The timeline as a stream of the events after the one with this id; so far, where there is no stream, or none is free.
    pub(crate) async fn follow(&self, order_id: &str, after: Option<&str>) -> Result<Following, Failure> {
        let answer = match self.stream(order_id, after).await {
            Ok(answer) => answer,
            Err(failure) if super::may_pass(&failure) => {
                return self.timeline(order_id).await.map(Following::SoFar);
            }
            Err(failure) => return Err(failure),
        };
        let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if kind.is_some_and(|kind| kind.starts_with("text/event-stream")) {
            return Ok(Following::Live(answer));
        }
        // Nothing comes after the last event.
        if answer.status() == StatusCode::NO_CONTENT {
            return Ok(Following::SoFar(Vec::new()));
        }
        self.timeline(order_id).await.map(Following::SoFar)
    }

    async fn stream(&self, order_id: &str, after: Option<&str>) -> Result<Response, Failure> {
        let url = self.url(OrderApi, &["orders", order_id, "events"], &[]);
        // Whoever names JSON as well gets that.
        let mut request = self.http.get(url).header(header::ACCEPT, "text/event-stream, */*;q=0.1");
        if let Some(after) = after {
            request = request.header("Last-Event-ID", after);
        }
        // No timeout of the whole: it lasts as long as the order does.
        let answer = tokio::time::timeout(self.timeout, self.send(OrderApi, request)).await;
        answer.map_err(|_| super::problem::silent(OrderApi, self.order_api(), self.timeout.as_secs()))?
    }

    /// The timeline up to now.
    pub(crate) async fn timeline(&self, order_id: &str) -> Result<Vec<Event>, Failure> {
        let request = self.request(OrderApi, Method::GET, &["orders", order_id, "events"], &[]);
        let timeline: Timeline = self.answer(OrderApi, request).await?;
        Ok(timeline.events)
    }

    fn posting(&self, path: &[&str], body: &(impl Serialize + ?Sized)) -> RequestBuilder {
        self.request(OrderApi, Method::POST, path, &[]).json(body)
    }
}
