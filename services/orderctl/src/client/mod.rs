//! A client of both APIs. Whatever goes wrong is a [`Failure`] whose message says what to do.

mod address;
mod dead_letters;
pub(crate) mod model;
mod numbers;
mod orders;
pub(crate) mod problem;
pub(crate) mod sse;

use std::{fmt::Write, time::Duration};

use reqwest::{Method, RequestBuilder, Response, Url, header};
use runtime::Service;
use serde::de::DeserializeOwned;

use self::address::Addresses;
pub(crate) use self::orders::{Filter, Following, LARGEST_PAGE, Placement, Retry};
use crate::{
    cli::Global,
    exit::{Exit, Failure},
};

/// The largest answer is a page of a hundred orders with a thousand items each.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    addresses: Addresses,
    timeout: Duration,
}

impl Client {
    pub(crate) fn new(global: &Global) -> Result<Self, Failure> {
        // Only https needs it, but the client is built with it in any case.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let addresses = Addresses::find(global)?;
        let timeout = Duration::from_secs(global.timeout);
        let mut builder = reqwest::Client::builder().connect_timeout(timeout).tcp_nodelay(true);
        // What is on this machine is not asked for through the user's proxy.
        if is_here(&addresses.order_api) && is_here(&addresses.metrics_service) {
            builder = builder.no_proxy();
        }
        let http = builder
            .build()
            .map_err(|error| Failure::failed(format!("can't build an HTTP client: {error}")))?;
        Ok(Self { http, addresses, timeout })
    }

    /// Where order-api is.
    pub(crate) fn order_api(&self) -> &str {
        &self.addresses.order_api
    }

    fn base(&self, service: Service) -> &str {
        match service {
            Service::MetricsService => &self.addresses.metrics_service,
            _ => &self.addresses.order_api,
        }
    }

    /// Each part of the path is one segment, whatever is in it.
    fn url(&self, service: Service, path: &[&str], query: &[(&str, String)]) -> String {
        let mut url = self.base(service).to_owned();
        for segment in path {
            url.push('/');
            url.push_str(&escaped(segment));
        }
        for (index, (name, value)) in query.iter().enumerate() {
            let mark = if index == 0 { '?' } else { '&' };
            // Writing to a String does not fail.
            let _ = write!(url, "{mark}{name}={}", escaped(value));
        }
        url
    }

    fn request(
        &self,
        service: Service,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
    ) -> RequestBuilder {
        let request = self.http.request(method, self.url(service, path, query));
        request.timeout(self.timeout).header(header::ACCEPT, "application/json")
    }

    /// The answer, if it is no refusal.
    async fn send(&self, service: Service, request: RequestBuilder) -> Result<Response, Failure> {
        let answer = request.send().await.map_err(|error| self.no_answer(service, &error))?;
        let (status, url) = (answer.status(), answer.url().to_string());
        if status.is_success() {
            return Ok(answer);
        }
        let headers = answer.headers().clone();
        let body = self.body(service, answer).await?;
        Err(problem::failure(service, &url, status, &headers, &body))
    }

    async fn body(&self, service: Service, mut answer: Response) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.no_answer(service, &error))? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST_ANSWER {
                return Err(Failure::failed(format!("{} answers without end", answer.url())));
            }
        }
        Ok(body)
    }

    async fn answer<T: DeserializeOwned>(
        &self,
        service: Service,
        request: RequestBuilder,
    ) -> Result<T, Failure> {
        let answer = self.send(service, request).await?;
        let url = answer.url().to_string();
        let body = self.body(service, answer).await?;
        serde_json::from_slice(&body).map_err(|error| {
            Failure::failed(format!(
                "{url} answered what this orderctl does not understand ({error}): is it {service}, and of this version?"
            ))
        })
    }

    fn no_answer(&self, service: Service, error: &reqwest::Error) -> Failure {
        problem::no_answer(service, self.base(service), error, self.timeout.as_secs())
    }
}

/// Whether a failure may pass by itself.
pub(crate) fn may_pass(failure: &Failure) -> bool {
    failure.exit() == Some(Exit::Unavailable)
}

fn is_here(url: &str) -> bool {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    matches!(host.as_deref(), Some("localhost" | "[::1]"))
        || host.is_some_and(|host| host.starts_with("127."))
}

/// Percent-encoded as far as a path segment or a value in a query needs it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~:".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_stays_one() {
        assert_eq!(escaped("0:17-0"), "0:17-0");
        assert_eq!(escaped("../a b?é"), "..%2Fa%20b%3F%C3%A9");
    }

    #[test]
    fn loopback_is_here() {
        for (url, here) in [
            ("http://127.0.0.1:1", true),
            ("http://[::1]:1", true),
            ("http://localhost", true),
            ("http://a.b", false),
        ] {
            assert_eq!(is_here(url), here, "{url}");
        }
    }
}
