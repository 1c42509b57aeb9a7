//! What a worker does first with what it was given: it asks what is not to be worked on, and says that it took the rest. One
//! round trip for a batch.
//!
//! Laid aside is what was cancelled before the worker had it, and what is not the live message of its order (any more).
//!
//! Safe to repeat: what was laid aside stays so; an announcement may be there twice after a lost answer, with the same id and
//! version, and consumers drop the second. A crash before the work begins delivers the messages again, and whoever gets them
//! asks again.

use contract::{Fields, OrderId};

use crate::{
    connection::Redis,
    entry::EntryId,
    error::StreamError,
    frame::{Frames, Own},
    keys::ORDER_PROCESSOR,
    script::{Args, Script, script},
};

static ACCEPT: Script = script!("frames", "accept");

/// What one event of a batch has for itself. Not the time: a batch was taken at one moment.
const OWN: Own = &["id", "traceparent", "data"];

/// A message that was delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accept {
    pub entry: EntryId,
    pub order: OrderId,
    /// The event that says so; none: nothing is announced, only asked.
    pub event: Option<Fields>,
}

/// Asks and announces; the answer is the messages that are laid aside: acknowledged, and not to be worked on.
///
/// # Errors
/// A Redis that is full refuses events, before anything is done; without events it takes the same call.
pub async fn accept(redis: &Redis, partition: u16, batch: &[Accept]) -> Result<Vec<EntryId>, StreamError> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    let keys = redis.keys();
    let keys =
        vec![keys.queue(partition), keys.events(partition), keys.cancelled(partition), keys.live(partition)];
    let (mut frames, mut messages) = (Frames::new(OWN), Args::default());
    for Accept { entry, order, event } in batch {
        let order = order.to_string();
        messages.show(entry);
        messages.push(&order);
        match event {
            Some(event) => frames.push(event, &order, &mut messages),
            None => messages.push("0"),
        }
    }
    let mut args = Args::default();
    args.push(ORDER_PROCESSOR);
    frames.write(&mut args);
    args.append(&messages);
    let aside: Vec<String> = ACCEPT.call(redis, keys, args).await?;
    aside.into_iter().map(|id| id.parse().map_err(|_| StreamError::Reply("an id that is none"))).collect()
}
