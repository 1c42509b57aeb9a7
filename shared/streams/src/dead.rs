//! Dead letters: messages that nobody could process, each with the reason, kept until a person decides.

use fred::{interfaces::StreamsInterface, types::Value};

use crate::{
    connection::Redis,
    decode,
    entry::EntryId,
    error::StreamError,
    script::{Args, Script, script},
};

static REDRIVE: Script = script!("redrive");

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    pub partition: u16,
    pub id: EntryId,
    pub reason: String,
    /// The id that it had on `queue`, where it came from there.
    pub entry: Option<String>,
    /// The message as it came.
    pub fields: Vec<(String, String)>,
}

/// What became of a redrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redriven {
    /// Back on the queue.
    Done,
    /// There is none with this id (any more).
    Gone,
    /// Its order has another live message by now: a second one would be one too many.
    OrderLives,
    /// There is nothing to send again.
    Empty,
}

/// The oldest after `after`, at most `limit`.
pub async fn list(
    redis: &Redis,
    partition: u16,
    after: EntryId,
    limit: usize,
) -> Result<Vec<DeadLetter>, StreamError> {
    let key = redis.keys().dead(partition);
    let (from, limit) = (format!("({after}"), limit as u64);
    let reply: Value =
        Box::pin(redis.client().xrange(key, from, "+", Some(limit))).await.map_err(StreamError::from)?;
    letters(partition, reply)
}

/// The one with this id.
pub async fn get(redis: &Redis, partition: u16, id: EntryId) -> Result<Option<DeadLetter>, StreamError> {
    let (key, id) = (redis.keys().dead(partition), id.to_string());
    let reply: Value = Box::pin(redis.client().xrange(key, id.as_str(), id.as_str(), None))
        .await
        .map_err(StreamError::from)?;
    Ok(letters(partition, reply)?.pop())
}

/// Sends it back to the queue as it came, and takes it from the dead, in one atomic step. After a lost answer the repeat
/// says [`Redriven::Gone`].
pub async fn redrive(redis: &Redis, partition: u16, id: EntryId) -> Result<Redriven, StreamError> {
    let keys = redis.keys();
    let keys = vec![keys.dead(partition), keys.queue(partition), keys.live(partition)];
    let mut args = Args::default();
    args.show(id);
    match REDRIVE.call::<String>(redis, keys, args).await?.as_str() {
        "redriven" => Ok(Redriven::Done),
        "gone" => Ok(Redriven::Gone),
        "live" => Ok(Redriven::OrderLives),
        "empty" => Ok(Redriven::Empty),
        _ => Err(StreamError::Reply("no answer to a redrive")),
    }
}

/// Deletes it for good; false: there was none with this id. Nobody reads the dead through a group, so no count of lag is
/// disturbed.
pub async fn delete(redis: &Redis, partition: u16, id: EntryId) -> Result<bool, StreamError> {
    let key = redis.keys().dead(partition);
    let deleted: i64 = Box::pin(redis.client().xdel(key, id.to_string())).await.map_err(StreamError::from)?;
    Ok(deleted == 1)
}

fn letters(partition: u16, reply: Value) -> Result<Vec<DeadLetter>, StreamError> {
    if reply.is_null() {
        return Ok(Vec::new());
    }
    let letter = |entry: crate::entry::Entry| {
        let (mut reason, mut entry_id, mut fields) = (String::new(), None, Vec::new());
        for (name, value) in entry.fields.unwrap_or_default() {
            match name.as_str() {
                "dead_reason" => reason = value,
                "dead_entry" => entry_id = Some(value),
                _ => fields.push((name, value)),
            }
        }
        DeadLetter { partition, id: entry.id, reason, entry: entry_id, fields }
    };
    Ok(decode::entries(reply, false)?.into_iter().map(letter).collect())
}
