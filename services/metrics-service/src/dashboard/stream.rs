//! The live numbers as server-sent events: one a second, made once for all pages, and only while somebody looks.
//!
//! An event a second is also the sign of life: a page that hears none for a few seconds says that it is cut off. Streams are
//! bounded, and end when the shutdown drains; pages come back by themselves. Whoever reads too slowly misses events, and holds
//! nobody up.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use poem::{Body, Response, http::header};
use runtime::http::Problem;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::live::Live;

const PERIOD: Duration = Duration::from_secs(1);
/// After how many milliseconds a page is to come back.
const COME_BACK: &str = "retry: 2000\n\n";

/// Gives out streams. Clones give out the same.
#[derive(Clone)]
pub(crate) struct Streams {
    live: Live,
    events: watch::Sender<Bytes>,
    free: Arc<Semaphore>,
    draining: CancellationToken,
}

/// One page's stream.
struct Page {
    events: watch::Receiver<Bytes>,
    draining: CancellationToken,
    _place: OwnedSemaphorePermit,
}

impl Streams {
    pub(crate) fn new(live: Live, most: usize, draining: CancellationToken) -> Self {
        Self { live, events: watch::Sender::default(), free: Arc::new(Semaphore::new(most)), draining }
    }

    /// Makes the events until the shutdown drains.
    pub(crate) async fn run(self) -> Result<(), Infallible> {
        let work = async {
            let mut ticks = interval(PERIOD);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                if self.events.receiver_count() > 0 {
                    self.events.send_replace(self.live.event());
                }
            }
        };
        self.draining.run_until_cancelled(work).await.map_or(Ok(()), |never| never)
    }

    /// A further stream, which begins with how it stands now.
    pub(super) fn open(&self) -> Result<Response, Problem> {
        let place = self.free.clone().try_acquire_owned().map_err(|_| {
            Problem::unavailable(
                "too_many_streams",
                "as many pages as are allowed look at this already (dashboard.streams)",
            )
            .with_retry_after(30)
        })?;
        let page = Page { events: self.events.subscribe(), draining: self.draining.clone(), _place: place };
        let first = Bytes::from([COME_BACK.as_bytes(), &self.live.event()].concat());
        let events = stream::unfold((page, Some(first)), |(mut page, first)| async move {
            let event = if let Some(first) = first { first } else { page.next().await? };
            Some((Ok::<_, io::Error>(event), (page, None)))
        });
        Ok(Response::builder()
            .content_type("text/event-stream")
            .header(header::CACHE_CONTROL, "no-store")
            // For proxies that would else collect an answer before they hand it on.
            .header("x-accel-buffering", "no")
            .body(Body::from_bytes_stream(events)))
    }
}

impl Page {
    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        let changed = self.draining.run_until_cancelled(self.events.changed()).await?;
        changed.ok()?;
        Some(self.events.borrow_and_update().clone())
    }
}
