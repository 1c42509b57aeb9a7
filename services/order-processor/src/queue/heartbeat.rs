//! Keeping what is in hand from being taken over, for as long as the work takes; while the worker drains, too.

use std::time::Duration;

use streams::Reclaimer;
use tokio_util::sync::CancellationToken;

use crate::outage::SharedOutage;

/// Until `finished`: until nothing can be in hand any more.
pub(crate) async fn keep_alive(
    reclaimer: Reclaimer,
    every: Duration,
    outage: SharedOutage,
    finished: CancellationToken,
) {
    let mut pause = every;
    loop {
        tokio::select! {
            () = finished.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        match reclaimer.heartbeat().await {
            Ok(lost) => {
                outage.recovered();
                pause = every;
                if !lost.is_empty() {
                    // Their work goes on; the finish script decides who reports it.
                    tracing::debug!(orders = lost.len(), "orders in hand were taken over, or are finished");
                }
            }
            Err(error) => {
                outage.failed(&error);
                // Others wait for the next sign of life: don't let them wait for a whole turn.
                pause = every / 4;
            }
        }
    }
}
