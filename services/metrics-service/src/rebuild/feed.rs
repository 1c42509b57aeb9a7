//! order-api's records, page by page: `GET /internal/orders`, a route that is for us alone.

use std::{error::Error as _, time::Duration};

use contract::OrderId;
use reqwest::{Client, Response, StatusCode, Url, header::RETRY_AFTER};

use crate::{order_api::client, projection::Page};

/// Orders of one page, which is one transaction.
const PAGE: usize = 1_000;
/// Longest wait for a page.
pub(super) const TIMEOUT: Duration = Duration::from_secs(20);
/// However long order-api asks us to stay away.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Where the records are.
#[derive(Clone, Debug)]
pub(crate) struct Feed {
    client: Client,
    url: Url,
}

/// Why there is no page. Addresses are never quoted: they may hold passwords.
#[derive(Debug, thiserror::Error)]
pub(super) enum FeedError {
    #[error("{0}")]
    Unanswered(String),
    #[error("it answered {status}")]
    Refused { status: StatusCode, pause: Duration },
    #[error("its answer can't be read: {0}")]
    Unreadable(String),
    #[error("its pages lead back")]
    NoProgress,
}

impl Feed {
    /// At this address; nobody needs to be there yet.
    ///
    /// # Errors
    /// When the machine has no certificates to trust.
    pub(crate) fn new(order_api: &Url) -> anyhow::Result<Self> {
        let mut url = order_api.clone();
        let path = format!("{}/internal/orders", order_api.path().trim_end_matches('/'));
        url.set_path(&path);
        Ok(Self { client: client(TIMEOUT)?, url })
    }

    /// The orders after this one; the first ones without it. Changes nothing.
    pub(super) async fn page(&self, after: Option<OrderId>) -> Result<Page, FeedError> {
        let mut url = self.url.clone();
        url.query_pairs_mut().append_pair("limit", &PAGE.to_string());
        if let Some(after) = after {
            url.query_pairs_mut().append_pair("after", &after.to_string());
        }
        let response = self.client.get(url).send().await.map_err(unanswered)?;
        let status = response.status();
        if !status.is_success() {
            return Err(FeedError::Refused { status, pause: asked_pause(&response) });
        }
        let page: Page = response.json().await.map_err(unanswered)?;
        match page.next {
            Some(next) if Some(next) <= after => Err(FeedError::NoProgress),
            _ => Ok(page),
        }
    }
}

impl FeedError {
    /// How long to wait at least before the next try.
    pub(super) const fn pause(&self) -> Duration {
        match self {
            Self::Refused { pause, .. } => *pause,
            _ => Duration::ZERO,
        }
    }
}

fn unanswered(error: reqwest::Error) -> FeedError {
    let error = error.without_url();
    if error.is_decode() {
        let cause = error.source().map(ToString::to_string);
        return FeedError::Unreadable(cause.unwrap_or_else(|| error.to_string()));
    }
    FeedError::Unanswered(if error.is_timeout() {
        format!("no answer within {TIMEOUT:?}")
    } else if error.is_connect() {
        "it can't be reached".to_owned()
    } else {
        "the connection broke off".to_owned()
    })
}

fn asked_pause(response: &Response) -> Duration {
    let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    Duration::from_secs(seconds.unwrap_or(0)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_route_is_below_the_configured_address() {
        for address in ["http://api:8000", "http://api:8000/", "https://host/orders-api/"] {
            let url = Feed::new(&Url::parse(address).unwrap()).unwrap().url;
            assert_eq!(url.as_str(), format!("{}/internal/orders", address.trim_end_matches('/')));
        }
    }
}
