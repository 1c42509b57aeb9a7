//! Cancelling: taking an order back before any worker has it.
//!
//! Either it is cancelled and no worker ever works on it, or a worker had it first: one script decides, by comparing its
//! message with the last one that the group was given. The message stays where it is (deleting it would make the group's
//! lag unknown); whoever is given it finds it among the cancelled and lays it [aside](crate::accept). A further attempt and a
//! compensation are never cancelled, though they may wait just as well: what was done outside has to be undone.

use contract::{Fields, OrderId};

use crate::{
    connection::Redis,
    error::StreamError,
    keys::ORDER_PROCESSOR,
    script::{Args, Script, script},
};

static CANCEL: Script = script!("cancel");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// By this call, which added the event.
    Now,
    /// By an earlier call, perhaps an earlier try of this one.
    Before,
    /// Too late: a worker has it, or had it.
    Taken,
    /// It has no message here: not published yet, finished, or lost.
    Absent,
}

/// Cancels the order if it still waits; the event is added if so. Safe to repeat.
pub async fn cancel(redis: &Redis, order: OrderId, event: &Fields) -> Result<Cancelled, StreamError> {
    let (keys, partition) = (redis.keys(), redis.keys().partition_of(order));
    let keys =
        vec![keys.queue(partition), keys.events(partition), keys.cancelled(partition), keys.live(partition)];
    let mut args = Args::default();
    args.push(ORDER_PROCESSOR);
    args.show(order);
    args.pairs(event);
    match CANCEL.call::<String>(redis, keys, args).await?.as_str() {
        "cancelled" => Ok(Cancelled::Now),
        "already" => Ok(Cancelled::Before),
        "taken" => Ok(Cancelled::Taken),
        "absent" => Ok(Cancelled::Absent),
        _ => Err(StreamError::Reply("no answer to a cancellation")),
    }
}
