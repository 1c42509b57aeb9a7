//! The first thing that is done with a batch: asking which of its messages are laid aside, and announcing `order.processing`
//! for the others, in one call.
//!
//! Laid aside is what was cancelled meanwhile, and what is no longer its order's live message. No work begins before the
//! answer: neither is ever worked on, and the ledger has no row of it. While Redis is away it is asked again. What Redis refuses (it is full) is asked without the announcements: outcomes can still be reported, and
//! consumers follow without. A crash before the work begins delivers the batch again, and whoever gets it asks again.

use streams::{Accept, EntryId, InHand, accept::accept};

use crate::worker::{Worker, redis_backoff};

/// Asks; the answer is what is laid aside, and not in hand any more.
pub(super) async fn until_accepted(
    worker: &Worker,
    partition: u16,
    in_hand: &InHand,
    batch: Vec<Accept>,
) -> Vec<EntryId> {
    let aside = until_answered(worker, partition, batch).await;
    if !aside.is_empty() {
        tracing::debug!(
            messages = aside.len(),
            "laid aside before work: cancelled, or no longer the order's message"
        );
        in_hand.release(&aside);
        worker.metrics.in_hand.sub(aside.len() as i64);
        worker.metrics.laid_aside.inc_by(aside.len() as u64);
    }
    aside
}

async fn until_answered(worker: &Worker, partition: u16, mut batch: Vec<Accept>) -> Vec<EntryId> {
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
