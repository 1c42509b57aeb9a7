//! Requests counted and timed for Prometheus. The route is the pattern that matched, and the method one of
//! the standard ones, so that no client can make up labels.

use std::time::Duration;

use poem::http::{Method, StatusCode};
use prometheus::{HistogramVec, IntCounterVec, IntGauge};

use crate::metrics::{Metrics, SECONDS};

#[derive(Clone, Debug)]
pub(super) struct HttpMetrics {
    requests: IntCounterVec,
    seconds: HistogramVec,
    in_flight: IntGauge,
}

/// A request that has no answer yet; also when its client goes away, it is one only as long as this is held.
pub(super) struct InFlight<'a>(&'a IntGauge);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl HttpMetrics {
    pub(super) fn new(metrics: &Metrics) -> Self {
        let requests = metrics.counter_vec(
            "orderflow_http_requests_total",
            "Requests answered, by method, route and status",
            &["method", "route", "status"],
        );
        let seconds = metrics.histogram_vec(
            "orderflow_http_request_duration_seconds",
            "Time from a request's header to its answer's header",
            &["method", "route"],
            SECONDS,
        );
        let in_flight = metrics.gauge(
            "orderflow_http_requests_in_flight",
            "Requests that are being answered, the one for these metrics among them",
        );
        Self { requests, seconds, in_flight }
    }

    pub(super) fn begun(&self) -> InFlight<'_> {
        self.in_flight.inc();
        InFlight(&self.in_flight)
    }

    pub(super) fn answered(
        &self,
        method: &'static str,
        route: Option<&str>,
        status: StatusCode,
        took: Duration,
    ) {
        let route = route.unwrap_or("unmatched");
        self.requests.with_label_values(&[method, route, status.as_str()]).inc();
        self.seconds.with_label_values(&[method, route]).observe(took.as_secs_f64());
    }
}

/// The method as a label.
pub(super) fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}
