//! What only order-api knows: an order and its timeline, and dead letters. The page asks us, and we ask order-api, so that the
//! browser has one address to speak to, and dead letters need not be open to everybody who may place an order.

use std::time::Duration;

use bytes::Bytes;
use contract::OrderId;
use poem::{
    Response,
    http::{Method, StatusCode, header},
};
use reqwest::{Client, Url};
use runtime::http::Problem;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::order_api::client;

/// Somebody looks at the page and waits.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Dead letters of one page.
const PAGE: &str = "20";

/// Where order-api is. Clones share connections.
#[derive(Clone, Debug)]
pub(crate) struct OrderApi {
    client: Client,
    /// `None`: nobody has told.
    url: Option<Url>,
}

/// An answer of order-api.
struct Answer {
    status: StatusCode,
    body: Bytes,
}

impl OrderApi {
    /// At this address; nobody needs to be there yet.
    ///
    /// # Errors
    /// When the machine has no certificates to trust.
    pub(crate) fn new(url: Option<Url>) -> anyhow::Result<Self> {
        Ok(Self { client: client(TIMEOUT)?, url })
    }

    /// The order and its timeline, in one answer.
    pub(super) async fn order(&self, id: OrderId) -> Result<Response, Problem> {
        #[derive(Serialize)]
        struct Found<'a> {
            order: &'a RawValue,
            events: &'a RawValue,
        }
        let id = id.to_string();
        let order = self.ask(Method::GET, &["orders", &id], None).await?;
        if !order.status.is_success() {
            return Ok(order.into_response());
        }
        let events = self.ask(Method::GET, &["orders", &id, "events"], None).await?;
        if !events.status.is_success() {
            return Ok(events.into_response());
        }
        let found = Found { order: order.json()?, events: events.json()? };
        let body = serde_json::to_vec(&found).map_err(|_| unreadable())?;
        Ok(Answer { status: StatusCode::OK, body: body.into() }.into_response())
    }

    pub(super) async fn dead_letters(&self, cursor: Option<&str>) -> Result<Response, Problem> {
        Ok(self.ask(Method::GET, &["dead-letters"], cursor).await?.into_response())
    }

    pub(super) async fn dead_letter(&self, id: &str) -> Result<Response, Problem> {
        Ok(self.ask(Method::GET, &["dead-letters", id], None).await?.into_response())
    }

    pub(super) async fn redrive(&self, id: &str) -> Result<Response, Problem> {
        Ok(self.ask(Method::POST, &["dead-letters", id, "redrive"], None).await?.into_response())
    }

    async fn ask(&self, method: Method, path: &[&str], cursor: Option<&str>) -> Result<Answer, Problem> {
        let url = self.at(path, cursor).ok_or_else(|| {
            let detail =
                "metrics-service does not know where order-api is (projection.order_api_url is empty)";
            Problem::unavailable("order_api_unknown", detail)
        })?;
        let answer = async {
            let response = self.client.request(method, url).send().await?;
            Ok::<_, reqwest::Error>(Answer { status: response.status(), body: response.bytes().await? })
        };
        answer.await.map_err(|error| {
            // Without its address, which may hold a password.
            tracing::warn!(error = %error.without_url(), "order-api can't be asked");
            Problem::unavailable("order_api_unavailable", "order-api does not answer; is it running?")
        })
    }

    /// Each part becomes one segment, whatever is in it.
    fn at(&self, path: &[&str], cursor: Option<&str>) -> Option<Url> {
        let mut url = self.url.clone()?;
        url.path_segments_mut().ok()?.pop_if_empty().extend(path);
        if path == ["dead-letters"] {
            url.query_pairs_mut().append_pair("limit", PAGE);
        }
        if let Some(cursor) = cursor {
            url.query_pairs_mut().append_pair("cursor", cursor);
        }
        Some(url)
    }
}

impl Answer {
    fn json(&self) -> Result<&RawValue, Problem> {
        serde_json::from_slice(&self.body).map_err(|_| unreadable())
    }

    /// As it came. A problem of order-api's is one for the page, too.
    fn into_response(self) -> Response {
        let is_ours = self.status.is_success();
        let content_type = if is_ours { "application/json" } else { "application/problem+json" };
        Response::builder()
            .status(self.status)
            .content_type(content_type)
            .header(header::CACHE_CONTROL, "no-store")
            .body(self.body)
    }
}

fn unreadable() -> Problem {
    Problem::unavailable("order_api_unreadable", "order-api gave an answer that can't be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_asked_for_stays_below_the_configured_address() {
        for (address, path, expected) in [
            ("http://api:8000", &["orders", "ORD-1"][..], "http://api:8000/orders/ORD-1"),
            ("http://api:8000/base/", &["dead-letters", "0-1-0"], "http://api:8000/base/dead-letters/0-1-0"),
            (
                "http://api:8000",
                &["dead-letters", "../orders?x#y", "redrive"],
                "http://api:8000/dead-letters/..%2Forders%3Fx%23y/redrive",
            ),
            ("http://api:8000", &["dead-letters", ".."], "http://api:8000/dead-letters"),
        ] {
            let api = OrderApi::new(Some(Url::parse(address).unwrap())).unwrap();
            assert_eq!(api.at(path, None).unwrap().as_str().split("?limit").next().unwrap(), expected);
        }
    }

    #[test]
    fn a_cursor_is_a_parameter() {
        let api = OrderApi::new(Some(Url::parse("http://api").unwrap())).unwrap();
        let url = api.at(&["dead-letters"], Some("0-1&limit=9")).unwrap();
        assert_eq!(url.as_str(), "http://api/dead-letters?limit=20&cursor=0-1%26limit%3D9");
    }
}
