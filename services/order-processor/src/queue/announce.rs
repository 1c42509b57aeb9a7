//! Saying that a batch was taken: one `order.processing` for each of its orders, in one call.
//!
//! It happens beside the work, which need not wait for it; only an order's outcome comes after its announcement. While
//! Redis is away it is tried again, for the outcome could not be reported either. What Redis refuses (it is full) is left
//! out: the outcome can still be reported, and consumers follow without.

use std::sync::Arc;

use contract::Fields;
use streams::announce::announce;
use tokio_util::sync::CancellationToken;

use crate::worker::{Worker, redis_backoff};

/// Whether a batch's announcement is settled. Clones are about the same batch.
#[derive(Clone, Debug)]
pub(crate) struct Announced(CancellationToken);

impl Announced {
    /// Waits until the batch is announced, or nothing more is tried.
    pub(crate) async fn settled(&self) {
        self.0.cancelled().await;
    }
}

/// The announcement, to be awaited beside the work, and what its orders wait for before they finish.
pub(super) fn announcing(
    worker: Arc<Worker>,
    partition: u16,
    events: Vec<Fields>,
) -> (impl Future<Output = ()> + Send + 'static, Announced) {
    let token = CancellationToken::new();
    let announced = Announced(token.clone());
    // Settled in whichever way the task ends: nobody may wait for a task that is gone.
    let settles = token.drop_guard();
    let announcing = async move {
        let _settles = settles;
        until_announced(&worker, partition, &events).await;
    };
    (announcing, announced)
}

async fn until_announced(worker: &Worker, partition: u16, events: &[Fields]) {
    let mut backoff = redis_backoff();
    loop {
        match announce(&worker.redis, partition, events).await {
            Ok(()) => return worker.redis_outage.recovered(),
            Err(error) if error.is_connection() => worker.redis_outage.failed(&error),
            Err(error) => {
                tracing::debug!(%error, orders = events.len(), "taken orders are not announced");
                return worker.metrics.not_announced.inc_by(events.len() as u64);
            }
        }
        backoff.wait().await;
    }
}
