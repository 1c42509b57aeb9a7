//! One attempt: a POST to an address that a stranger has chosen. No redirects, no proxy, no connection that is kept, and no byte
//! of the answer's body is read: there is nothing in it that we need.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context;
use contract::Timestamp;
use reqwest::{
    Client, Response,
    dns::{Addrs, Name, Resolve, Resolving},
    header::RETRY_AFTER,
    redirect::Policy,
};

use super::{
    address::is_public, callback::literal, config::WebhooksConfig, retry::Attempt, signature::Secrets,
};

const USER_AGENT: &str = concat!("Orderflow/", env!("CARGO_PKG_VERSION"));
const NOT_PUBLIC: &str = "the address is not on the public Internet";
/// A receiver that asks for more is not asked for longer.
const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(24 * 30);

/// Sends messages. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    client: Client,
    secrets: Arc<Secrets>,
    allow_private: bool,
}

impl Sender {
    pub(super) fn new(config: &WebhooksConfig, secrets: Secrets) -> anyhow::Result<Self> {
        // It fails when it is installed already, which is what we want.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .pool_max_idle_per_host(0)
            .user_agent(USER_AGENT)
            .timeout(config.timeout());
        if !config.allow_private {
            client = client.dns_resolver(PublicOnly);
        }
        let client = client.build().context("no client for webhooks")?;
        Ok(Self { client, secrets: Arc::new(secrets), allow_private: config.allow_private })
    }

    /// Sends the message and waits for the answer's header.
    pub(super) async fn send(&self, url: &str, id: &str, body: String, now: Timestamp) -> Attempt {
        // A name is judged by what it is resolved to; an address is never resolved.
        if !self.allow_private && literal(url).is_some_and(|address| !is_public(address)) {
            return Attempt { error: Some(NOT_PUBLIC.to_owned()), ..Attempt::default() };
        }
        let timestamp = now.as_millis() / 1_000;
        let request = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", self.secrets.sign(id, timestamp, &body))
            .body(body);
        match request.send().await {
            Ok(answer) => Attempt {
                status: Some(answer.status().as_u16()),
                retry_after: retry_after(&answer, now),
                error: None,
            },
            Err(error) => Attempt { error: Some(reason(&error)), ..Attempt::default() },
        }
    }
}

/// In seconds, or as a time.
fn retry_after(answer: &Response, now: Timestamp) -> Option<Duration> {
    let value = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = if let Ok(seconds) = value.parse() {
        Duration::from_secs(seconds)
    } else {
        let now: SystemTime = UNIX_EPOCH + Duration::from_micros(u64::try_from(now.as_micros()).ok()?);
        httpdate::parse_http_date(value).ok()?.duration_since(now).unwrap_or_default()
    };
    Some(pause.min(LONGEST_RETRY_AFTER))
}

/// For the one who placed the order: no more than what a stranger could find out, and never the URL, which may hold a secret.
fn reason(error: &reqwest::Error) -> String {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = source {
        if cause.is::<NotPublic>() {
            return NOT_PUBLIC.to_owned();
        }
        source = cause.source();
    }
    let text = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    };
    text.to_owned()
}

#[derive(Debug, thiserror::Error)]
#[error("{NOT_PUBLIC}")]
struct NotPublic;

/// Resolves names to addresses that may be connected to. It is asked for each connection, and what it answers is what is connected
/// to: a name that is changed meanwhile gains nothing.
#[derive(Debug)]
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // One that points inside says what it is after: it gets none of the others either.
            if !found.iter().all(|address| is_public(address.ip())) {
                return Err(NotPublic.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_points_inside_is_not_resolved() {
        let resolved = PublicOnly.resolve("localhost".parse().unwrap()).await;
        assert!(resolved.err().unwrap().is::<NotPublic>());
    }
}
