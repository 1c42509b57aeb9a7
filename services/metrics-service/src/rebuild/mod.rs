//! Rebuilds the numbers from order-api's records after events were lost: asks for a page, applies it, asks for the next.
//!
//! Works beside the consumers, which go on. What is left to do is in the database ([`crate::projection::rebuild`]), and looked
//! for there every now and then: a restart goes on with the next page, and so does another replica, once the claim of one
//! that died is over. While order-api is away it is asked again, ever more rarely, for as long as it takes.

mod feed;

use std::{convert::Infallible, sync::Arc, time::Duration};

use runtime::{backoff::Backoff, outage::Outage};
use sea_orm::DbErr;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

pub(crate) use self::feed::Feed;
use self::feed::FeedError;
use crate::{
    projection::{
        Projection, Rebuild,
        rebuild::{Corrected, Then},
    },
    telemetry::ProjectionMetrics,
};

/// How long a replica may be busy with one page until another may take over: the feed's timeout, and as long again and more
/// for the transaction.
const CLAIM: Duration = Duration::from_secs(3 * feed::TIMEOUT.as_secs());

/// Works off rebuilds, whenever there is one.
pub(crate) struct Rebuilder {
    pub(crate) feed: Feed,
    pub(crate) projection: Arc<Projection>,
    pub(crate) metrics: ProjectionMetrics,
    /// Who claims a rebuild.
    pub(crate) instance: String,
    /// From one pass to the next.
    pub(crate) again: Duration,
    /// How often to look whether there is something to do.
    pub(crate) interval: Duration,
    pub(crate) draining: CancellationToken,
}

enum Trouble {
    Feed(FeedError),
    Database(DbErr),
}

impl Rebuilder {
    /// Runs until the shutdown drains and the page in hand is applied.
    pub(crate) async fn run(self) -> Result<(), Infallible> {
        let (mut order_api, mut database) = (Outage::new("order-api"), Outage::new("database"));
        let mut backoff = Backoff::reconnect();
        while !self.draining.is_cancelled() {
            let pause = match self.step().await {
                Ok(did_something) => {
                    database.recovered();
                    if did_something {
                        order_api.recovered();
                        backoff.reset();
                        continue;
                    }
                    self.interval
                }
                Err(Trouble::Feed(error)) => {
                    order_api.failed(&error);
                    backoff.next_delay().max(error.pause())
                }
                Err(Trouble::Database(error)) => {
                    database.failed(&error);
                    backoff.next_delay()
                }
            };
            self.draining.run_until_cancelled(sleep(pause)).await;
        }
        Ok(())
    }

    /// Applies the next page, if one is due. Only the waiting for it is cut short by the shutdown.
    async fn step(&self) -> Result<bool, Trouble> {
        let claimed = self.projection.claim_rebuild(&self.instance, CLAIM).await;
        let Some(rebuild) = claimed.map_err(Trouble::Database)? else { return Ok(false) };
        let asking = self.feed.page(rebuild.after);
        let Some(answer) = self.draining.run_until_cancelled(asking).await else { return Ok(false) };
        let page = answer.map_err(Trouble::Feed)?;
        let corrected = self.projection.correct(&rebuild, &page, self.again).await;
        self.note(&rebuild, &corrected.map_err(Trouble::Database)?);
        Ok(true)
    }

    fn note(&self, before: &Rebuild, corrected: &Corrected) {
        self.metrics.corrected(corrected);
        self.metrics.show(&self.projection);
        match &corrected.then {
            Then::GoOn(next) if next.passes_left == before.passes_left => {}
            Then::GoOn(next) => {
                tracing::debug!(next.orders_read, next.orders_corrected, "all orders were read; once more");
            }
            Then::Finished(Rebuild { orders_read, orders_corrected, begun_at, .. }) => {
                let seconds = self.projection.now().since(*begun_at).as_secs_f64();
                tracing::info!(
                    orders_read,
                    orders_corrected,
                    "the numbers are whole again after {seconds:.1} s: {orders_corrected} orders were corrected"
                );
            }
            Then::LookAgain => tracing::debug!("the page came too late, and is read again"),
        }
    }
}
