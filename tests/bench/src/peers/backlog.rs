//! How far a peer is with its jobs: read from its keys in Redis, as far as an operator would. All are looked at alike, by
//! the one who measures, so that none of them has to count.

use anyhow::ensure;
use fred::interfaces::{ListInterface, SetsInterface, SortedSetsInterface};
use streams::Redis;

use super::Peer;

/// Of `jobs`. A job that moves meanwhile counts as not done.
pub(super) async fn done(redis: &Redis, peer: Peer, jobs: u64) -> anyhow::Result<u64> {
    let client = redis.client();
    match peer {
        // What is completed is removed at once.
        Peer::BullMq => {
            let waiting: u64 = client.llen("bull:orders:wait").await?;
            let active: u64 = client.llen("bull:orders:active").await?;
            Ok(jobs.saturating_sub(waiting + active))
        }
        Peer::Apalis => Ok(client.scard("orders:done").await?),
    }
}

/// # Errors
/// When one did, or has to be tried again: then what was measured is not what was meant.
pub(super) async fn none_failed(redis: &Redis, peer: Peer) -> anyhow::Result<()> {
    let client = redis.client();
    let bad: u64 = match peer {
        Peer::BullMq => {
            let failed: u64 = client.zcard("bull:orders:failed").await?;
            failed + client.zcard::<u64, _>("bull:orders:delayed").await?
        }
        Peer::Apalis => {
            let dead: u64 = client.scard("orders:dead").await?;
            dead + client.zcard::<u64, _>("orders:scheduled").await?
        }
    };
    ensure!(bad == 0, "{bad} jobs of {} failed", peer.name());
    Ok(())
}
