//! Before anything is taken: Redis answers, and the streams and their groups are there.

use streams::groups;
use tokio_util::sync::CancellationToken;

use crate::worker::{Worker, redis_backoff};

/// Waits for Redis, says what is wrong with how it is set up, and makes the groups. False: draining began before that.
pub(crate) async fn prepare(worker: &Worker, draining: &CancellationToken) -> bool {
    if !worker.redis.wait_until_ready(draining).await {
        return false;
    }
    for warning in worker.redis.warnings().await {
        tracing::warn!("{warning}");
    }
    let mut backoff = redis_backoff();
    loop {
        match groups::ensure(&worker.redis).await {
            Ok(()) => {
                worker.redis_outage.recovered();
                return true;
            }
            Err(error) if error.is_connection() => worker.redis_outage.failed(&error),
            // A Redis that is full makes no groups, and has all the more need of somebody who works the queue off. A
            // group that is really missing is made by the first read.
            Err(error) => {
                tracing::warn!(%error, "the groups can't be made; going on with those that are there");
                return true;
            }
        }
        tokio::select! {
            () = draining.cancelled() => return false,
            () = backoff.wait() => {}
        }
    }
}
