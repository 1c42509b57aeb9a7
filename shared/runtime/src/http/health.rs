//! The routes that machines ask: `/healthz` (does the process live: touches nothing, so that a slow database
//! never gets a healthy process killed), `/readyz` (can it serve: asks its dependencies, writes nothing), and
//! `/metrics`.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use futures_util::future::join_all;
use poem::{EndpointExt, IntoResponse, Response, Route, endpoint::make, http::StatusCode};

use super::problem::{FieldError, Problem};
use crate::{lifecycle::Shutdown, metrics::Metrics};

/// A dependency that does not answer within this is not ready.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

type Check = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// What must answer before this instance should get requests.
#[derive(Clone)]
pub struct Readiness {
    shutdown: Shutdown,
    checks: Vec<(&'static str, Check)>,
}

impl Readiness {
    /// Not ready once the shutdown drains, so that a load balancer sends no more.
    pub const fn new(shutdown: Shutdown) -> Self {
        Self { shutdown, checks: Vec::new() }
    }

    /// Adds a dependency by name. Its error is logged; the answer only names it.
    pub fn check<F, R, E>(mut self, name: &'static str, check: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), E>> + Send + 'static,
        E: std::fmt::Display,
    {
        let check = Arc::new(check);
        let boxed: Check = Arc::new(move || {
            let check = check.clone();
            Box::pin(async move { check().await.map_err(|error| error.to_string()) })
        });
        self.checks.push((name, boxed));
        self
    }

    /// Asks all dependencies at once: which are not ready, and why.
    pub async fn unready(&self) -> Vec<(&'static str, String)> {
        if self.shutdown.is_draining() {
            return vec![("lifecycle", "shutting down".to_owned())];
        }
        let asked = self.checks.iter().map(async |(name, check)| {
            let answer = tokio::time::timeout(CHECK_TIMEOUT, check()).await;
            let silent = || Err(format!("no answer within {} s", CHECK_TIMEOUT.as_secs()));
            answer.unwrap_or_else(|_| silent()).err().map(|reason| (*name, reason))
        });
        join_all(asked).await.into_iter().flatten().collect()
    }

    async fn answer(&self) -> Response {
        let unready = self.unready().await;
        if unready.is_empty() {
            let names: Vec<_> = self.checks.iter().map(|(name, _)| (*name, "ready")).collect();
            let checks: serde_json::Map<_, _> =
                names.into_iter().map(|(name, state)| (name.to_owned(), state.into())).collect();
            return json(&serde_json::json!({ "status": "ready", "checks": checks }));
        }
        for (name, reason) in &unready {
            tracing::debug!(dependency = name, "not ready: {}", crate::redact::redact_url(reason));
        }
        let errors = unready.iter().map(|(name, _)| FieldError::new(*name, "not ready")).collect();
        let names: Vec<&str> = unready.iter().map(|(name, _)| *name).collect();
        let detail = format!("not ready: {}", names.join(", "));
        Problem { errors, ..Problem::unavailable("not_ready", detail) }.into_response()
    }
}

/// Adds the three routes.
pub(super) fn mount(route: Route, readiness: Readiness, metrics: Metrics) -> Route {
    route
        .at("/healthz", get(|| async { json(&serde_json::json!({ "status": "alive" })) }))
        .at("/readyz", {
            get(move || {
                let readiness = readiness.clone();
                async move { readiness.answer().await }
            })
        })
        .at("/metrics", {
            get(move || {
                let metrics = metrics.clone();
                async move { Response::builder().content_type(Metrics::CONTENT_TYPE).body(metrics.read().await) }
            })
        })
}

fn get<F, R>(answer: F) -> poem::RouteMethod
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = Response> + Send + 'static,
{
    poem::get(make(move |_| answer()).map_to_response())
}

fn json(body: &serde_json::Value) -> Response {
    Response::builder().status(StatusCode::OK).content_type("application/json").body(body.to_string())
}
