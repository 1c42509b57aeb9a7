//! The routes, as they are and as they are documented.

use std::{sync::Arc, time::Duration};

use poem::Request;
use poem_openapi::{
    OpenApi, Tags,
    param::{Header, Path, Query},
};
use runtime::http::{
    JsonAnswer, JsonBody, Refused,
    schema::{Id, Time, User},
};
use tracing::{Instrument, field::Empty};

use super::{
    answers::{Placed, PlacedMany},
    idempotency::OptionalKey,
    live::{self, Events},
    order_body::{PlaceOrder, PlaceOrders},
    refusals::{EventsRefusals, ListRefusals, OrderRefusals, PlaceRefusals, QueueRefusals},
    schema,
    state::State,
    webhook_schema::OrderWebhooks,
};
use crate::orders::ListQuery;

pub(super) struct Api(Option<Arc<State>>);

#[derive(Tags)]
enum Tag {
    /// Place orders and follow them
    Orders,
    /// The queue and the numbers
    Monitoring,
}

impl Api {
    /// Without a state it is to be described, not to be served.
    pub(super) const fn new(state: Option<Arc<State>>) -> Self {
        Self(state)
    }

    fn state(&self) -> &State {
        self.0.as_ref().expect("an API that is served has its state")
    }
}

#[OpenApi]
impl Api {
    /// Place an order
    ///
    /// Answers once the order is durable; it is processed in the background. With an `Idempotency-Key` the request may
    /// be repeated safely: the same key and body give the same answer and one order.
    #[oai(path = "/orders", method = "post", tag = "Tag::Orders", operation_id = "placeOrder")]
    async fn place(
        &self,
        /// Names the request, so that a repeat of it places nothing: 1 to 255 visible ASCII characters
        #[oai(name = "Idempotency-Key")]
        key: OptionalKey,
        body: JsonBody<PlaceOrder>,
    ) -> Result<Placed, Refused<PlaceRefusals>> {
        let span = tracing::debug_span!("order.place", order.id = Empty);
        Ok(self.state().place(key.0, body).instrument(span).await?)
    }

    /// Place many orders
    ///
    /// Up to 1,000 at once. Each is judged by itself; the valid ones are accepted together, and are durable when the
    /// answer comes.
    #[oai(path = "/orders/batch", method = "post", tag = "Tag::Orders", operation_id = "placeOrders")]
    async fn place_many(
        &self,
        /// Names the request, so that a repeat of it places nothing: 1 to 255 visible ASCII characters
        #[oai(name = "Idempotency-Key")]
        key: OptionalKey,
        body: JsonBody<PlaceOrders>,
    ) -> Result<PlacedMany, Refused<PlaceRefusals>> {
        let span = tracing::debug_span!("order.place_many");
        Ok(self.state().place_many(key.0, body).instrument(span).await?)
    }

    /// List orders
    ///
    /// Newest first, in pages: give `next_cursor` of one page as `cursor` of the next.
    #[oai(path = "/orders", method = "get", tag = "Tag::Orders", operation_id = "listOrders")]
    async fn list(
        &self,
        /// Only orders in this status
        status: Query<Option<schema::OrderStatus>>,
        /// Only orders of this user
        user_id: Query<Option<User>>,
        /// Only orders placed at this time or later
        created_from: Query<Option<Time>>,
        /// Only orders placed before this time
        created_before: Query<Option<Time>>,
        /// Most orders on the page
        #[oai(default = "default_limit", validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<u32>,
        /// `next_cursor` of the page before
        cursor: Query<Option<Id>>,
    ) -> Result<JsonAnswer<schema::OrderPage>, Refused<ListRefusals>> {
        let query = ListQuery {
            status: status.0.map(Into::into),
            user_id: user_id.0.map(|user| user.0),
            placed_from: created_from.0.map(|time| time.0),
            placed_before: created_before.0.map(|time| time.0),
            after: cursor.0.map(|id| id.0),
            limit: limit.0.into(),
        };
        Ok(self.state().list(&query).await?)
    }

    /// Get an order
    ///
    /// With `wait`, the answer comes as soon as the order is completed, failed or cancelled, and at the latest after that
    /// many seconds.
    #[oai(path = "/orders/:order_id", method = "get", tag = "Tag::Orders", operation_id = "getOrder")]
    async fn get(
        &self,
        /// The order's id
        order_id: Path<String>,
        /// Seconds to wait for the order to be final
        #[oai(validator(minimum(value = "0"), maximum(value = "60")))]
        wait: Query<Option<u32>>,
    ) -> Result<JsonAnswer<schema::Order>, Refused<OrderRefusals>> {
        let wait = wait.0.map(|seconds| Duration::from_secs(seconds.into()));
        Ok(self.state().order(&order_id.0, wait).await?)
    }

    /// Get an order's timeline
    ///
    /// What happened to the order, oldest first. Asked for as `text/event-stream`, it is told as it happens: each event with its
    /// `version` as `id`, its `type` as `event`, and as `data` what is an element of `events` in JSON. First comes what is there
    /// already, or what is newer than `Last-Event-ID`. The stream ends once the order is completed, failed or cancelled.
    #[oai(
        path = "/orders/:order_id/events",
        method = "get",
        tag = "Tag::Orders",
        operation_id = "getOrderEvents"
    )]
    async fn events(
        &self,
        /// The order's id
        order_id: Path<String>,
        /// In a stream, the `id` of the last event that is known already
        #[oai(name = "Last-Event-ID", validator(minimum(value = "0"), maximum(value = "2147483647")))]
        last_event_id: Header<Option<u32>>,
        request: &Request,
    ) -> Result<Events, Refused<EventsRefusals>> {
        if live::is_asked_for(request.headers()) {
            Ok(self.state().live(&order_id.0, last_event_id.0).await?)
        } else {
            Ok(Events::Timeline(self.state().timeline(&order_id.0).await?))
        }
    }

    /// See an order's webhooks
    ///
    /// To whom the order's end is told, and how that went: each attempt with its answer, and when the next one is due.
    #[oai(
        path = "/orders/:order_id/webhooks",
        method = "get",
        tag = "Tag::Orders",
        operation_id = "getOrderWebhooks"
    )]
    async fn webhooks(
        &self,
        /// The order's id
        order_id: Path<String>,
    ) -> Result<JsonAnswer<OrderWebhooks>, Refused<OrderRefusals>> {
        Ok(self.state().webhooks(&order_id.0).await?)
    }

    /// See the queue
    ///
    /// How much waits, how much is in work, and who works, now.
    #[oai(path = "/orders/status", method = "get", tag = "Tag::Monitoring", operation_id = "getQueueStatus")]
    async fn queue_status(&self) -> Result<JsonAnswer<schema::QueueStatus>, Refused<QueueRefusals>> {
        Ok(self.state().queue_status().await?)
    }

    /// See the numbers
    ///
    /// Counts by status and the mean processing time, as of the time given. Reading them touches no order.
    #[oai(
        path = "/orders/metrics",
        method = "get",
        tag = "Tag::Monitoring",
        operation_id = "getOrderMetrics"
    )]
    async fn metrics(&self) -> Result<JsonAnswer<schema::OrderMetrics>, Refused<QueueRefusals>> {
        Ok(self.state().metrics().await?)
    }
}

const fn default_limit() -> u32 {
    20
}
