//! Services of one's own, asked over HTTP: each step is a POST of the order as JSON to the step's URL, and so is what
//! undoes it.
//!
//! Every call of a step for an order carries the same `Idempotency-Key` (see [`key`](super::key)) and the same body, so
//! that the other side can answer a repeat alike. The answer's status decides; see [`answer`]. No errors of the client library
//! go beyond the debug log: they name URLs, which may hold passwords.

mod answer;

use std::time::Duration;

use anyhow::Context as _;
use contract::{ItemIds, Money, OrderId, Step, Timestamp, UserId};
use reqwest::{Client, RequestBuilder, Url, header::HeaderValue, redirect};
use runtime::trace_context::outgoing_traceparent;
use serde::Serialize;
use tracing::Span;

use super::{
    key::{idempotency_key, undo_key},
    port::{NotUndone, StepFailure, Work},
};
use crate::{
    config::{StepUrls, step_url},
    outage::SharedOutage,
};

/// A service that has not failed for this long is back.
const QUIET: Duration = Duration::from_secs(10);
/// An idle connection is closed by us before the other side closes it under a request.
const IDLE: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(crate) struct Http {
    client: Client,
    timeout: Duration,
    /// One for each step, in their order.
    services: [StepService; 3],
}

#[derive(Debug)]
struct StepService {
    /// None: nobody is asked, and the step is accepted.
    url: Option<Url>,
    outage: SharedOutage,
    /// None: nobody undoes it.
    undo_url: Option<Url>,
    undo_outage: SharedOutage,
}

/// What a service is sent. The same in every attempt, as one idempotency key wants it.
#[derive(Serialize)]
struct OrderBody<'a> {
    order_id: OrderId,
    placed_at: Timestamp,
    user_id: &'a UserId,
    item_ids: &'a ItemIds,
    total_amount: Money,
}

impl Http {
    /// Reads the addresses; nobody needs to be there yet.
    ///
    /// # Errors
    /// When a URL can't be used, or the machine has no certificates to trust.
    pub(crate) fn new(urls: &StepUrls, timeout: Duration) -> anyhow::Result<Self> {
        // Fails when it is installed already, which is what we want.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            // The address that was configured is asked, and no other.
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(timeout)
            .pool_idle_timeout(IDLE)
            .tcp_nodelay(true)
            .user_agent(concat!("order-processor/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("can't make an HTTP client")?;
        let service = |(name, url), (undo_name, undo_url)| {
            let outage = |name| SharedOutage::over_after(name, QUIET);
            let (url, undo_url) = (step_url(url)?, step_url(undo_url)?);
            anyhow::Ok(StepService { url, outage: outage(name), undo_url, undo_outage: outage(undo_name) })
        };
        let services = [
            service(("stock service", &urls.stock_url), ("stock release service", &urls.stock_release_url))?,
            service(
                ("payment service", &urls.payment_url),
                ("payment refund service", &urls.payment_refund_url),
            )?,
            service(
                ("fulfilment service", &urls.fulfilment_url),
                ("fulfilment cancellation service", &urls.fulfilment_cancel_url),
            )?,
        ];
        Ok(Self { client, timeout, services })
    }

    pub(super) async fn call(&self, step: Step, work: &Work<'_>) -> Result<(), StepFailure> {
        let service = &self.services[step as usize];
        let Some(url) = &service.url else { return Ok(()) };
        let key = idempotency_key(work.order_id, step, work.life);
        let answer = match self.request(url, key, work).send().await {
            Ok(response) => answer::judge(step, response).await,
            Err(error) => Err(StepFailure::Unavailable(answer::unanswered(self.timeout, &error))),
        };
        match &answer {
            Err(StepFailure::Unavailable(reason)) => service.outage.failed(reason),
            Ok(()) | Err(StepFailure::Refused(_)) => service.outage.recovered(),
        }
        answer
    }

    /// Where nobody is asked to do it, there is nothing to undo.
    pub(super) const fn can_undo(&self, step: Step) -> bool {
        let service = &self.services[step as usize];
        service.url.is_some() && service.undo_url.is_some()
    }

    /// False: nobody undoes it. One that was done is undone even if it is no longer done for new orders.
    pub(super) async fn undo(&self, step: Step, work: &Work<'_>) -> Result<bool, NotUndone> {
        let service = &self.services[step as usize];
        let Some(url) = &service.undo_url else { return Ok(false) };
        let key = undo_key(work.order_id, step, work.life);
        let answer = match self.request(url, key, work).send().await {
            Ok(response) => answer::judge_undoing(step, response).await,
            Err(error) => Err(NotUndone(answer::unanswered(self.timeout, &error))),
        };
        match &answer {
            Err(NotUndone(reason)) => service.undo_outage.failed(reason),
            Ok(()) => service.undo_outage.recovered(),
        }
        answer.map(|()| true)
    }

    fn request(&self, url: &Url, key: String, work: &Work<'_>) -> RequestBuilder {
        let body = OrderBody {
            order_id: work.order_id,
            placed_at: work.placed_at,
            user_id: &work.content.user_id,
            item_ids: &work.content.item_ids,
            total_amount: work.content.total_amount,
        };
        let request = self.client.post(url.clone()).json(&body);
        let request = request.header("idempotency-key", key);
        let traceparent = outgoing_traceparent(&Span::current(), work.traceparent);
        // It came with a message and may be any text.
        match traceparent.and_then(|traceparent| HeaderValue::try_from(traceparent).ok()) {
            Some(traceparent) => request.header("traceparent", traceparent),
            None => request,
        }
    }
}
