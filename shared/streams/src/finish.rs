//! Finishing: the fence between two workers that hold the same message.
//!
//! One script acknowledges each message and lets its effects happen only where that acknowledged something. It asks
//! whether the message is still pending in the group, not whose it is: after a reclaim either worker may finish it, once.
//!
//! A crash before the call leaves the message pending: it is delivered again. A crash after it changes nothing: the effects
//! are in Redis. There is no state in between. After a lost answer the call is repeated under its name ([`Call`]), and Redis
//! gives the answer that was lost.

use std::sync::atomic::{AtomicU64, Ordering};

use contract::{Fields, OrderId};

use crate::{
    connection::Redis,
    entry::EntryId,
    error::StreamError,
    frame::{Frames, Own},
    script::{Args, Script, script},
};

static FINISH: Script = script!("frames", "finish");

/// What one event of a batch has for itself.
const OWN: Own = &["id", "time", "traceparent", "data"];

/// Lua can't hand more texts than a few thousand to one command; no message of ours has more than ten fields.
const MOST_DEAD_FIELDS: usize = 1_000;

/// One message to finish, and what follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finish {
    pub entry: EntryId,
    /// Whose message it is, where that can be told: the order then has this message no longer.
    pub order: Option<OrderId>,
    /// Happen in this order, and only if this finish acknowledges the entry. None: it is just acknowledged.
    pub effects: Vec<Effect>,
}

/// What a finished message leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// An entry of `events`.
    Event(Fields),
    /// A command that comes to `queue` after the delay. No two delayed commands may have the same fields; an order id and
    /// a version among them see to that.
    Delay { delay_ms: u64, command: Fields },
    /// A dead letter: `dead_reason` and `dead_entry` (the id it had on `queue`), then the fields it came with.
    Dead { reason: String, fields: Vec<(String, String)> },
    /// An entry of `queue`, at once.
    Queue(Fields),
}

/// The name of one call of one consumer, the same for every try of it. A consumer makes its calls one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call(String);

/// Finishes the messages of one consumer. One for each partition; its calls follow one another.
#[derive(Debug)]
pub struct Finisher {
    redis: Redis,
    partition: u16,
    group: String,
    consumer: String,
    /// Names this finisher, so that its calls are not taken for those of an earlier run of the same consumer.
    run: u64,
    calls: AtomicU64,
}

impl Finisher {
    /// `run` is any number that no other finisher of this consumer has, such as a random one.
    pub fn new(
        redis: &Redis,
        partition: u16,
        group: impl Into<String>,
        consumer: impl Into<String>,
        run: u64,
    ) -> Self {
        let (group, consumer) = (group.into(), consumer.into());
        Self { redis: redis.clone(), partition, group, consumer, run, calls: AtomicU64::new(0) }
    }

    /// Begins a new call.
    pub fn call(&self) -> Call {
        Call(format!("{:x}-{}", self.run, self.calls.fetch_add(1, Ordering::Relaxed)))
    }

    /// Finishes the batch in one atomic step; the answer has one value for each message.
    ///
    /// True: this call finished it, in this try or an earlier one. False: another worker had finished it before. After any
    /// error it is repeated with the same `call` and the same batch, before the next call is begun.
    pub async fn finish(&self, call: &Call, batch: &[Finish]) -> Result<Vec<bool>, StreamError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let (keys, partition) = (self.redis.keys(), self.partition);
        let keys = vec![
            keys.queue(partition),
            keys.events(partition),
            keys.dead(partition),
            keys.delayed(partition),
            keys.live(partition),
            keys.finished(partition),
        ];
        let (mut frames, mut messages) = (Frames::new(OWN), Args::default());
        for finish in batch {
            let order = finish.order.as_ref().map(OrderId::to_string).unwrap_or_default();
            messages.show(finish.entry);
            messages.push(&order);
            messages.show(finish.effects.len());
            for effect in &finish.effects {
                push(&mut messages, &mut frames, finish.entry, &order, effect);
            }
        }
        let mut args = Args::default();
        args.push(&self.group);
        args.push(&self.consumer);
        args.push(&call.0);
        frames.write(&mut args);
        args.append(&messages);
        let won: Vec<i64> = FINISH.call(&self.redis, keys, args).await?;
        Ok(won.into_iter().map(|won| won == 1).collect())
    }
}

fn push(args: &mut Args, frames: &mut Frames, entry: EntryId, order: &str, effect: &Effect) {
    match effect {
        Effect::Event(fields) => frames.push(fields, order, args),
        Effect::Queue(fields) => {
            args.push("queue");
            args.fields(fields);
        }
        Effect::Delay { delay_ms, command } => {
            args.push("delay");
            args.push("2");
            args.show(delay_ms);
            args.push(&member(command));
        }
        Effect::Dead { reason, fields } => {
            let fields = &fields[..fields.len().min(MOST_DEAD_FIELDS)];
            args.push("dead");
            args.show(4 + fields.len() * 2);
            args.push("dead_reason");
            args.push(reason);
            args.push("dead_entry");
            args.show(entry);
            args.pairs(fields);
        }
    }
}

/// The member of the delayed set: a JSON list of name, value, …, which the promote script reads.
fn member(command: &Fields) -> String {
    let texts: Vec<&str> = command.iter().flat_map(|(name, value)| [name, value.as_str()]).collect();
    serde_json::to_string(&texts).expect("texts always serialize")
}
