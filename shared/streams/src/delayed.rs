//! Commands that wait for their time: retries after a backoff. Due by the clock of Redis, so that workers whose clocks
//! differ agree.
//!
//! A member leaves the set and enters the queue in one atomic step, so a crash neither loses nor doubles it.

use std::time::Duration;

use crate::{
    connection::Redis,
    error::StreamError,
    script::{Args, Script, script},
};

static PROMOTE: Script = script!("promote");

/// What [`promote`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promoted {
    /// How many left the set.
    pub moved: usize,
    /// When to look again: zero where more are due than the limit let through, `None` where nothing is delayed.
    pub next_due_in: Option<Duration>,
}

/// Moves what is due, the earliest first, at most `limit`.
pub async fn promote(redis: &Redis, partition: u16, limit: usize) -> Result<Promoted, StreamError> {
    let keys = redis.keys();
    let mut args = Args::default();
    args.show(limit);
    let keys =
        vec![keys.delayed(partition), keys.queue(partition), keys.dead(partition), keys.live(partition)];
    let (moved, due_in_ms): (i64, i64) = PROMOTE.call(redis, keys, args).await?;
    Ok(Promoted {
        moved: usize::try_from(moved).unwrap_or_default(),
        next_due_in: u64::try_from(due_in_ms).ok().map(Duration::from_millis),
    })
}
