//! What surrounds every request, in order: its id, its span (with the caller's trace as parent), its context,
//! the path without trailing slash, the handler within its time and with panics caught, refusals as problems,
//! the headers of every answer, the count.
//!
//! One endpoint and not a stack of middlewares: the order can be read, and the hot path pays for it once.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use poem::{
    Endpoint, IntoResponse, PathPattern, Request, Response,
    http::{
        HeaderName, HeaderValue, Method, StatusCode, Uri,
        header::X_CONTENT_TYPE_OPTIONS,
        uri::{Parts, PathAndQuery},
    },
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{error::Elapsed, timeout_at},
};
use tracing::{Instrument, Span, field::Empty};

use super::{
    context::{BodyLimits, CONTEXT, RequestContext},
    observe::{HttpMetrics, method_label},
    problem::{Problem, log_internal},
    refusal,
    request_id::{RequestId, X_REQUEST_ID},
    routes::Routes,
};
use crate::trace_context;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

pub(super) struct Edge<E> {
    pub(super) inner: E,
    pub(super) routes: Routes,
    pub(super) metrics: HttpMetrics,
    pub(super) body_limits: BodyLimits,
    pub(super) request_timeout: Duration,
    /// For who writes. A request that is worked on holds the state of every layer that it has come through, several times of
    /// what it holds before; with thousands of clients that is most of the process.
    pub(super) turns: Semaphore,
}

/// An answer, and the name of the route that gave it.
struct Answer {
    response: Response,
    route: Option<Arc<str>>,
}

impl<E: Endpoint<Output = Response>> Endpoint for Edge<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let started = Instant::now();
        let _in_flight = self.metrics.begun();
        let method = method_label(request.method());
        let request_id = RequestId::of(request.headers());
        let traceparent =
            request.headers().get(TRACEPARENT).and_then(|value| value.to_str().ok()).map(str::to_owned);

        let span = tracing::debug_span!(
            "http.request",
            otel.kind = "server",
            otel.status_code = Empty,
            http.request.method = method,
            http.route = Empty,
            http.response.status_code = Empty,
            url.path = request.uri().path(),
            request.id = request_id.as_str(),
        );
        trace_context::set_parent(&span, traceparent.as_deref());

        let deadline = tokio::time::Instant::from_std(started) + self.request_timeout;
        let turn = timeout_at(deadline, self.turn(request.method())).await;

        let context = RequestContext { request_id: request_id.clone(), body_limits: self.body_limits };
        // Boxed, with all that is around it: who waits for a turn, as thousands may, has no room for what comes then.
        let answer = CONTEXT.scope(context, self.answer(request, turn, deadline));
        let answer = trace_context::with_incoming(traceparent.as_deref(), answer).instrument(span.clone());
        let Answer { mut response, route } = Box::pin(answer).await;

        response.headers_mut().insert(X_REQUEST_ID, request_id.into_header());
        response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        record(&span, method, route.as_deref(), response.status());
        self.metrics.answered(method, route.as_deref(), response.status(), started.elapsed());
        Ok(response)
    }
}

impl<E: Endpoint<Output = Response>> Edge<E> {
    /// Who reads may wait for long, as with `?wait=`, and must not keep anybody from writing.
    async fn turn(&self, method: &Method) -> Option<SemaphorePermit<'_>> {
        if *method == Method::POST { self.turns.acquire().await.ok() } else { None }
    }

    async fn answer(
        &self,
        mut request: Request,
        turn: Result<Option<SemaphorePermit<'_>>, Elapsed>,
        deadline: tokio::time::Instant,
    ) -> Answer {
        let Ok(_turn) = turn else { return Answer::late() };
        if let Err(problem) = trim_trailing_slash(&mut request) {
            return Answer { response: problem.into_response(), route: None };
        }
        let handled = AssertUnwindSafe(self.inner.call(request)).catch_unwind();
        match timeout_at(deadline, handled).await {
            Ok(Ok(Ok(response))) => {
                let route = response.data::<PathPattern>().map(|matched| self.routes.name(matched));
                Answer { response, route }
            }
            Ok(Ok(Err(error))) => {
                let matched = error.data::<PathPattern>().cloned();
                let mut problem = refusal::problem(error);
                if problem.status == StatusCode::METHOD_NOT_ALLOWED {
                    problem.allow = Some(self.routes.methods(matched.as_ref()));
                }
                let route = matched.map(|matched| self.routes.name(&matched));
                Answer { response: problem.into_response(), route }
            }
            Ok(Err(_panic)) => {
                // The panic hook has logged where and why; this line adds which request.
                log_internal("its handler panicked");
                Answer { response: Problem::internal().into_response(), route: None }
            }
            Err(_elapsed) => Answer::late(),
        }
    }
}

impl Answer {
    fn late() -> Self {
        let problem = Problem::unavailable("timeout", "there was no answer in time; try again");
        Self { response: problem.into_response(), route: None }
    }
}

fn record(span: &Span, method: &str, route: Option<&str>, status: StatusCode) {
    if span.is_disabled() {
        return;
    }
    span.record("http.response.status_code", status.as_u16());
    if let Some(route) = route {
        span.record("http.route", route);
        trace_context::rename(span, || format!("{method} {route}"));
    }
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

/// Routes are registered without a trailing slash; this makes every one work with it, too.
fn trim_trailing_slash(request: &mut Request) -> Result<(), Problem> {
    let Some(path_and_query) = request.uri().path_and_query() else {
        // CONNECT, as a proxy would be asked.
        return Err(Problem::bad_request("bad_request_target", "the request must name a path"));
    };
    let path = path_and_query.path();
    if !path.starts_with('/') {
        return Err(Problem::bad_request("bad_request_target", "the request must name a path"));
    }
    if path.len() == 1 || !path.ends_with('/') {
        return Ok(());
    }
    let trimmed = path.trim_end_matches('/');
    let trimmed = if trimmed.is_empty() { "/" } else { trimmed };
    let target = match path_and_query.query() {
        Some(query) => PathAndQuery::try_from(format!("{trimmed}?{query}")),
        None => PathAndQuery::try_from(trimmed),
    };
    let bad = |_| Problem::bad_request("bad_request_target", "the path can't be read");
    let mut parts = Parts::default();
    parts.path_and_query = Some(target.map_err(bad)?);
    *request.uri_mut() = Uri::from_parts(parts)
        .map_err(|_| Problem::bad_request("bad_request_target", "the path can't be read"))?;
    Ok(())
}
