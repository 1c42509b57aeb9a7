//! The first thing that is done with a batch: asking which of its messages are laid aside, and announcing `order.processing`
//! for the others, in one call.
//!
//! Laid aside is what was cancelled meanwhile, and what is no longer its order's live message. No work begins before the
//! answer: neither is ever worked on, and the ledger has no row of it. While Redis is away it is asked again. What Redis refuses (it is full) is asked without the announcements: outcomes can still be reported, and
//! consumers follow without. A crash before the work begins delivers the batch again, and whoever gets it asks again.

use std::sync::Arc;

use streams::{Accept, EntryId, InHand, accept::accept};
use tokio::sync::watch;

use crate::worker::{Worker, redis_backoff};

/// Which messages of a batch may be worked on. Clones are about the same batch.
#[derive(Clone, Debug)]
pub(super) struct Acceptance(watch::Receiver<Option<Vec<EntryId>>>);

impl Acceptance {
    /// Waits for the answer. False: the message has been laid aside, or nobody asks any more, since the service is going
    /// down.
    pub(super) async fn may_begin(mut self, entry: EntryId) -> bool {
        match self.0.wait_for(Option::is_some).await {
            Ok(aside) => aside.as_ref().is_some_and(|aside| !aside.contains(&entry)),
            Err(_) => false,
        }
    }
}

/// The question, to be awaited beside the orders that wait for its answer.
pub(super) fn accepting(
    worker: Arc<Worker>,
    partition: u16,
    in_hand: InHand,
    batch: Vec<Accept>,
) -> (impl Future<Output = ()> + Send + 'static, Acceptance) {
    let (answer, answered) = watch::channel(None);
    let accepting = async move {
        let aside = until_accepted(&worker, partition, batch).await;
        if !aside.is_empty() {
            tracing::debug!(
                messages = aside.len(),
                "laid aside before work: cancelled, or no longer the order's message"
            );
            in_hand.release(&aside);
            worker.metrics.in_hand.sub(aside.len() as i64);
            worker.metrics.laid_aside.inc_by(aside.len() as u64);
        }
        answer.send_replace(Some(aside));
    };
    (accepting, Acceptance(answered))
}

async fn until_accepted(worker: &Worker, partition: u16, mut batch: Vec<Accept>) -> Vec<EntryId> {
    let mut backoff = redis_backoff();
    loop {
        match accept(&worker.redis, partition, &batch).await {
            Ok(aside) => {
                worker.redis_outage.recovered();
                return aside;
            }
            Err(error) => {
                let silenced = if error.is_connection() { 0 } else { silence(&mut batch) };
                if silenced > 0 {
                    tracing::debug!(%error, orders = silenced, "taken orders are not announced");
                    worker.metrics.not_announced.inc_by(silenced);
                    continue;
                }
                worker.redis_outage.failed(&error);
            }
        }
        backoff.wait().await;
    }
}

/// Leaves the announcements out; how many there were.
fn silence(batch: &mut [Accept]) -> u64 {
    batch.iter_mut().filter_map(|accept| accept.event.take()).count() as u64
}
