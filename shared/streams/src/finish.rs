//! Finishing: the fence between two workers that hold the same message.
//!
//! One script acknowledges each message and lets its effects happen only where that acknowledged something. It asks
//! whether the message is still pending in the group, not whose it is: after a reclaim either worker may finish it, once.
//!
//! A crash before the call leaves the message pending: it is delivered again. A crash after it, or a lost answer, changes
//! nothing: the effects are in Redis. There is no state in between.

use contract::Fields;

use crate::{
    connection::Redis,
    entry::EntryId,
    error::StreamError,
    script::{Args, Script, script},
};

static FINISH: Script = script!("finish");

/// Lua can't hand more texts than a few thousand to one command; no message of ours has more than ten fields.
const MOST_DEAD_FIELDS: usize = 1_000;

/// One message to finish, and what follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finish {
    pub entry: EntryId,
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

/// Finishes the messages of workers.
#[derive(Clone, Debug)]
pub struct Finisher {
    redis: Redis,
}

impl Finisher {
    pub fn new(redis: &Redis) -> Self {
        Self { redis: redis.clone() }
    }

    /// Finishes the batch in one atomic step; the answer has one value for each message.
    ///
    /// True: this call finished it. False: it was finished before, by another worker or by an earlier try of this very
    /// call whose answer was lost; either way nothing is left to do. It is safe to repeat after any error.
    pub async fn finish(
        &self,
        partition: u16,
        group: &str,
        batch: &[Finish],
    ) -> Result<Vec<bool>, StreamError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let keys = self.redis.keys();
        let keys = vec![
            keys.queue(partition),
            keys.events(partition),
            keys.dead(partition),
            keys.delayed(partition),
        ];
        let mut args = Args::default();
        args.push(group);
        for finish in batch {
            args.show(finish.entry);
            args.show(finish.effects.len());
            for effect in &finish.effects {
                push(&mut args, finish.entry, effect);
            }
        }
        let won: Vec<i64> = FINISH.call(&self.redis, keys, args).await?;
        Ok(won.into_iter().map(|won| won == 1).collect())
    }
}

fn push(args: &mut Args, entry: EntryId, effect: &Effect) {
    match effect {
        Effect::Event(fields) => {
            args.push("event");
            args.fields(fields);
        }
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
