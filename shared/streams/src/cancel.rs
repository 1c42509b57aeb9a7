//! Cancelling: taking an order back before any worker has it.
//!
//! Either it is cancelled and no worker ever works on it, or a worker had it first: one script decides, by comparing its
//! message with the last one that the group was given. The message stays where it is (deleting it would make the group's
//! lag unknown); whoever is given it finds it among the cancelled and lays it [aside](crate::accept).
//!
//! The caller names the command that it means: a further attempt or a compensation may wait just as well, before the caller
//! has heard of the first attempt, and what was done outside has to be undone. And it says how far Redis was: one that lost
//! its last moments has forgotten who was given what.

use contract::{Fields, OrderId};

use crate::{
    connection::Redis,
    error::StreamError,
    keys::ORDER_PROCESSOR,
    producer::Mark,
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
    /// Redis is behind what was expected: nothing can be said until that is healed.
    Lost,
}

/// What is to be cancelled.
#[derive(Clone, Debug)]
pub struct Cancellation<'a> {
    pub order: OrderId,
    /// The id of the command, as in its envelope: the order's first of its present life.
    pub command: &'a str,
    /// How far Redis is expected to be, if that is known.
    pub expected: Option<&'a Mark>,
    /// `order.cancelled`, added if it is.
    pub event: &'a Fields,
}

/// Cancels the order if it still waits. Safe to repeat.
pub async fn cancel(redis: &Redis, cancellation: &Cancellation<'_>) -> Result<Cancelled, StreamError> {
    let (keys, partition) = (redis.keys(), redis.keys().partition_of(cancellation.order));
    let keys = vec![
        keys.queue(partition),
        keys.events(partition),
        keys.cancelled(partition),
        keys.live(partition),
        keys.epoch(partition),
    ];
    let mut args = Args::default();
    args.push(ORDER_PROCESSOR);
    args.show(cancellation.order);
    args.push(cancellation.command);
    if let Some(mark) = cancellation.expected {
        args.push("1");
        args.push(&mark.epoch);
        args.show(mark.last_id.ms);
        args.show(mark.last_id.seq);
    } else {
        for nothing in ["0", "", "0", "0"] {
            args.push(nothing);
        }
    }
    args.pairs(cancellation.event);
    match CANCEL.call::<String>(redis, keys, args).await?.as_str() {
        "cancelled" => Ok(Cancelled::Now),
        "already" => Ok(Cancelled::Before),
        "taken" => Ok(Cancelled::Taken),
        "absent" => Ok(Cancelled::Absent),
        "lost" => Ok(Cancelled::Lost),
        _ => Err(StreamError::Reply("no answer to a cancellation")),
    }
}
