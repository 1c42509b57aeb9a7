//! An order's timeline as it happens: server-sent events.
//!
//! What is there already comes at once; then the stream sleeps until the follower has applied an event of its order, and looks
//! what is new. It ends with the order. A stream that breaks, by a crash or by the network, is taken up by the client where it
//! was: `Last-Event-ID` is the version of the last event, and an order has the same timeline at every replica.

use std::{fmt::Write as _, io, sync::Arc, time::Duration};

use bytes::Bytes;
use contract::OrderId;
use futures_util::{StreamExt, stream};
use poem::{
    Body, IntoResponse, Response,
    http::{HeaderMap, StatusCode, header},
};
use poem_openapi::{
    ApiResponse,
    registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry},
    types::Type,
};
use prometheus::IntGauge;
use runtime::http::{JsonAnswer, Problem};
use sea_orm::{DatabaseConnection, DbErr};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    problems::{order_not_found, parse_id},
    read::look_again,
    schema,
    state::State,
};
use crate::{
    config::EventsConfig,
    orders::{self, Timeline},
    storage,
    waiting::Wait,
};

const MEDIA_TYPE: &str = "text/event-stream";

/// A comment, which clients pass over.
const HEARTBEAT: &[u8] = b":\n\n";
/// Where the stream ends and the order does not: come back after a second, which is to another replica.
const COME_BACK: &[u8] = b"retry: 1000\n\n";

/// How many streams may be open, and how they live. Clones share the places.
#[derive(Clone, Debug)]
pub(crate) struct Streams {
    places: Arc<Semaphore>,
    open: IntGauge,
    heartbeat: Duration,
}

impl Streams {
    /// The gauge shows how many are open.
    pub(crate) fn new(config: &EventsConfig, open: IntGauge) -> Self {
        let places = Arc::new(Semaphore::new(config.max_streams.min(Semaphore::MAX_PERMITS)));
        Self { places, open, heartbeat: Duration::from_millis(config.heartbeat_ms) }
    }

    fn place(&self) -> Result<Place, Problem> {
        let permit = self.places.clone().try_acquire_owned().map_err(|_| {
            Problem::unavailable("too_many_streams", "too many streams of events are open; try again shortly")
        })?;
        self.open.inc();
        Ok(Place { open: self.open.clone(), _permit: permit })
    }
}

/// One stream's place; free again with the value.
struct Place {
    open: IntGauge,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open.dec();
    }
}

/// Whether the client wants a stream, and not JSON just as well.
pub(super) fn is_asked_for(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut ranges = accepted.flat_map(|value| value.split(','));
    let named = |range: &str, name: &str| {
        range.split(';').next().is_some_and(|range| range.trim().eq_ignore_ascii_case(name))
    };
    let mut is_named = false;
    let names_json = ranges.any(|range| {
        is_named |= named(range, MEDIA_TYPE);
        named(range, "application/json")
    });
    is_named && !names_json
}

impl State {
    /// The order's events after this one, and those that are to come.
    pub(super) async fn live(&self, order_id: &str, after: Option<u32>) -> Result<Events, Problem> {
        let order_id = parse_id(order_id)?;
        let place = self.streams.place()?;
        let mut live = Live {
            reader: self.database.reader.clone(),
            order_id,
            // Before the first look, or an event might fall in between.
            wait: self.waiters.register(order_id),
            seen: after.map_or(0, |after| i32::try_from(after).unwrap_or(i32::MAX)),
            look_again: look_again(&self.database),
            heartbeat: self.streams.heartbeat,
            draining: self.shutdown.draining(),
            _place: place,
        };
        let first = live.look().await.map_err(|error| storage::unavailable(&error))?;
        let first = first.ok_or_else(order_not_found)?;
        if first.is_final && first.events.is_empty() {
            return Ok(Events::Over);
        }
        let (first, over) = live.piece(first);
        let rest = stream::unfold((!over).then_some(live), |live| async move {
            let mut live = live?;
            let (piece, over) = live.next().await;
            Some((piece, (!over).then_some(live)))
        });
        let pieces = stream::iter([first]).chain(rest).map(Ok::<_, io::Error>);
        Ok(Events::Stream(Body::from_bytes_stream(pieces)))
    }
}

/// One open stream. Dropped with the connection, and everything that it holds is free again.
struct Live {
    reader: DatabaseConnection,
    order_id: OrderId,
    wait: Wait,
    /// The version of the last event that was sent.
    seen: i32,
    look_again: Option<Duration>,
    heartbeat: Duration,
    draining: CancellationToken,
    _place: Place,
}

impl Live {
    /// What is to be sent next, and whether it is the last.
    async fn next(&mut self) -> (Bytes, bool) {
        let heartbeat = Instant::now() + self.heartbeat;
        loop {
            let look_again = self.look_again.map_or(heartbeat, |every| heartbeat.min(Instant::now() + every));
            tokio::select! {
                () = self.wait.changed() => {}
                () = sleep_until(look_again) => {
                    if look_again == heartbeat {
                        return (Bytes::from_static(HEARTBEAT), false);
                    }
                }
                () = self.draining.cancelled() => return (Bytes::from_static(COME_BACK), true),
            }
            match self.look().await {
                Ok(Some(news)) if news.events.is_empty() && !news.is_final => {}
                Ok(Some(news)) => return self.piece(news),
                // Deleted, long after its end.
                Ok(None) => return (Bytes::new(), true),
                Err(error) => {
                    tracing::debug!(order.id = %self.order_id, %error, "a stream of events ends: nothing can be read");
                    return (Bytes::from_static(COME_BACK), true);
                }
            }
        }
    }

    async fn look(&self) -> Result<Option<Timeline>, DbErr> {
        orders::timeline(&self.reader, self.order_id, self.seen).await
    }

    fn piece(&mut self, news: Timeline) -> (Bytes, bool) {
        let mut text = String::new();
        for event in news.events {
            self.seen = event.version;
            let json = serde_json::to_string(&event).expect("an event can be written as JSON");
            write!(text, "id: {}\nevent: {}\n", event.version, event.kind).expect("a text can always grow");
            // The data is as it came, and between its parts there may be line breaks.
            for line in json.split(['\n', '\r']) {
                writeln!(text, "data: {line}").expect("a text can always grow");
            }
            text.push('\n');
        }
        let nothing_new = text.is_empty();
        (if nothing_new { Bytes::from_static(HEARTBEAT) } else { text.into() }, news.is_final)
    }
}

/// The answers of the timeline's route.
pub(super) enum Events {
    Timeline(JsonAnswer<schema::OrderTimeline>),
    Stream(Body),
    /// A client that has seen everything need not come back, which 204 says to browsers.
    Over,
}

impl IntoResponse for Events {
    fn into_response(self) -> Response {
        match self {
            Self::Timeline(answer) => answer.into_response(),
            Self::Stream(body) => Response::builder()
                .content_type(MEDIA_TYPE)
                .header(header::CACHE_CONTROL, "no-store")
                // nginx would keep events back until it has many.
                .header("X-Accel-Buffering", "no")
                .body(body),
            Self::Over => StatusCode::NO_CONTENT.into_response(),
        }
    }
}

impl ApiResponse for Events {
    fn meta() -> MetaResponses {
        let stream = MetaSchema {
            description: Some("Server-sent events; the `data` of each is an `OrderEvent`"),
            example: Some(EXAMPLE.into()),
            ..MetaSchema::new("string")
        };
        let mut responses = JsonAnswer::<schema::OrderTimeline>::meta();
        responses.responses[0].content.push(MetaMediaType {
            content_type: MEDIA_TYPE,
            schema: MetaSchemaRef::Inline(Box::new(stream)),
        });
        responses.responses.push(MetaResponse {
            description: "As a stream: the order is final, and nothing is newer than `Last-Event-ID`",
            status: Some(204),
            status_range: None,
            content: vec![],
            headers: vec![],
        });
        responses
    }

    fn register(registry: &mut Registry) {
        schema::OrderTimeline::register(registry);
    }
}

const EXAMPLE: &str = "id: 2\nevent: order.processing\ndata: {\"type\":\"order.processing\",\"time\":\"2025-11-24T16:00:00.002000Z\",\
    \"version\":2,\"data\":{\"version\":2,\"attempt\":1,\"worker\":\"order-processor-0\",\"placed_at\":\"2025-11-24T16:00:00.000000Z\"}}\n\n";

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::*;

    #[test]
    fn only_who_names_the_stream_and_no_json_gets_it() {
        for (accept, stream) in [
            ("text/event-stream", true),
            ("Text/Event-Stream; charset=utf-8, */*;q=0.1", true),
            ("*/*", false),
            ("text/*", false),
            ("application/json", false),
            ("text/event-stream, application/json", false),
            ("application/json;q=0.5, text/event-stream", false),
        ] {
            let headers = [(header::ACCEPT, HeaderValue::from_static(accept))].into_iter().collect();
            assert_eq!(is_asked_for(&headers), stream, "{accept}");
        }
        assert!(!is_asked_for(&HeaderMap::new()));
    }
}
