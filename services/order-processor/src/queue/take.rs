//! Taking new orders of one partition: read a batch, start its work, read the next.

use std::{pin::pin, time::Duration};

use runtime::lifecycle::Shutdown;
use streams::{Entry, StreamError, Subscription};
use tokio::{task::JoinError, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{dispatch::Dispatcher, slots::Slots};
use crate::worker::redis_backoff;

/// When draining begins while orders are coming in, the read under way is waited for this long: what it brings would
/// otherwise lie until somebody reclaims it. One that takes longer is waiting for new orders, and dropped.
const LAST_READ: Duration = Duration::from_millis(500);

pub(crate) struct Taker {
    subscription: Subscription,
    dispatcher: Dispatcher,
    slots: Slots,
    batch: usize,
}

impl Taker {
    pub(crate) const fn new(
        subscription: Subscription,
        dispatcher: Dispatcher,
        slots: Slots,
        batch: usize,
    ) -> Self {
        Self { subscription, dispatcher, slots, batch }
    }

    /// Ends when the shutdown drains and everything that was taken has gone on to the ledger.
    ///
    /// # Errors
    /// When the work on an order has panicked.
    pub(crate) async fn run(mut self, shutdown: Shutdown) -> Result<(), JoinError> {
        let draining = shutdown.draining();
        let mut backoff = redis_backoff();
        // A read waits for new orders with its slots in hand, where other partitions may miss them: with a single one
        // as long as none come.
        let mut most = 1;
        let mut last_read = Duration::ZERO;
        loop {
            let slots = tokio::select! {
                biased;
                () = draining.cancelled() => break,
                slots = self.slots.take(most) => slots,
            };
            match next(&mut self.subscription, slots.num_permits(), &draining, last_read).await {
                None => break,
                Some(Ok(entries)) => {
                    self.dispatcher.worker().redis_outage.recovered();
                    backoff.reset();
                    (most, last_read) =
                        if entries.is_empty() { (1, Duration::ZERO) } else { (self.batch, LAST_READ) };
                    self.dispatcher.dispatch(entries, slots).await?;
                }
                Some(Err(error)) => {
                    drop(slots);
                    self.dispatcher.worker().redis_outage.failed(&error);
                    tokio::select! {
                        () = draining.cancelled() => break,
                        () = backoff.wait() => {}
                    }
                }
            }
        }
        // Its connection closes, so that the server gives nothing more to a read that was dropped.
        drop(self.subscription);
        self.dispatcher.finish().await
    }
}

/// The next entries; `None` when draining began and none came within `last_read` of that.
async fn next(
    subscription: &mut Subscription,
    most: usize,
    draining: &CancellationToken,
    last_read: Duration,
) -> Option<Result<Vec<Entry>, StreamError>> {
    let mut read = pin!(subscription.next(most));
    tokio::select! {
        answer = &mut read => Some(answer),
        () = draining.cancelled() => timeout(last_read, read).await.ok(),
    }
}
