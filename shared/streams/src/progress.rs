//! How far a group has followed the events, and whether they are still those that it followed.

use fred::types::Value;

use crate::{
    connection::Redis,
    decode,
    entry::EntryId,
    error::StreamError,
    script::{Args, Script, script},
};

static PROGRESS: Script = script!("progress");

/// One group on the events of one partition, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Names the data set; empty while nothing has been published into it. Another one than before means that Redis lost
    /// what it had.
    pub epoch: String,
    /// The last id that the stream gave out. Lower than one that was seen means that Redis lost its last moments.
    pub last_event: EntryId,
    /// The last one that was delivered to the group.
    pub delivered: EntryId,
    /// The oldest one that was delivered and is not acknowledged.
    pub oldest_pending: Option<EntryId>,
    /// It has acknowledged some event, or Redis does not know.
    pub has_acknowledged: bool,
}

impl Progress {
    /// Whether the group has acknowledged every event up to this one.
    pub fn is_through(&self, event: EntryId) -> bool {
        self.delivered >= event && self.oldest_pending.is_none_or(|pending| pending > event)
    }
}

/// Asks about one group.
pub async fn progress(redis: &Redis, partition: u16, group: &str) -> Result<Progress, StreamError> {
    let keys = vec![redis.keys().events(partition), redis.keys().epoch(partition)];
    let mut args = Args::default();
    args.push(group);
    let [epoch, last_event, delivered, pending, acknowledged] =
        decode::array(PROGRESS.call::<Value>(redis, keys, args).await?)?;
    Ok(Progress {
        epoch: decode::text(epoch)?,
        last_event: decode::id(last_event)?,
        delivered: decode::id(delivered)?,
        oldest_pending: decode::text(pending)?.parse().ok(),
        has_acknowledged: decode::number::<i64>(acknowledged)? == 1,
    })
}
