//! Keeping messages alive, and taking over those of workers that no longer do.
//!
//! A worker that dies leaves its messages pending under its name. Each worker looks now and then for messages that were
//! idle for longer than the visibility time and takes them over; each keeps its own from getting that old, however long
//! the work takes. Two workers may still hold the same message (one was stalled): the finish script decides.

use std::time::Duration;

use fred::{interfaces::StreamsInterface, types::Value};

use crate::{
    connection::Redis,
    decode,
    entry::{Entry, EntryId},
    error::StreamError,
    in_hand::InHand,
    keys::{ORDER_PROCESSOR, Stream},
    script::{Args, Script, script},
};

static HEARTBEAT: Script = script!("heartbeat");

/// Ids in one call, so that no call holds Redis up for long.
const HEARTBEAT_IDS: usize = 1_000;

/// The reclaim and heartbeat of one consumer of one group on one partition.
#[derive(Debug)]
pub struct Reclaimer {
    redis: Redis,
    stream: String,
    group: String,
    consumer: String,
    in_hand: InHand,
    cursor: EntryId,
}

impl Reclaimer {
    /// Of a worker on the queue. `in_hand` is that of its subscription to the same partition: what is taken over goes
    /// in there.
    pub fn new(redis: &Redis, partition: u16, consumer: impl Into<String>, in_hand: InHand) -> Self {
        Self::of(redis, Stream::Queue, partition, ORDER_PROCESSOR, consumer, in_hand)
    }

    /// Of any group on either stream.
    pub(crate) fn of(
        redis: &Redis,
        stream: Stream,
        partition: u16,
        group: impl Into<String>,
        consumer: impl Into<String>,
        in_hand: InHand,
    ) -> Self {
        Self {
            redis: redis.clone(),
            stream: redis.keys().stream(stream, partition),
            group: group.into(),
            consumer: consumer.into(),
            in_hand,
            cursor: EntryId::MIN,
        }
    }

    /// Takes over messages that nobody kept alive for `min_idle`, at most `count`; goes on next time where it stopped.
    ///
    /// If the answer is lost they are this worker's all the same, and come with a later read of its own pending list.
    pub async fn reclaim(&mut self, min_idle: Duration, count: usize) -> Result<Vec<Entry>, StreamError> {
        let mut taken = Vec::new();
        while taken.len() < count {
            taken.extend(self.reclaim_page(min_idle, count - taken.len()).await?);
            if self.is_at_start() {
                break;
            }
        }
        Ok(taken)
    }

    /// The same in a single call, so that it may be dropped at any point: it may find fewer, although there are more.
    pub(crate) async fn reclaim_page(
        &mut self,
        min_idle: Duration,
        count: usize,
    ) -> Result<Vec<Entry>, StreamError> {
        let reply = self.autoclaim(min_idle, count).await;
        // No group: nothing is pending; the subscription makes the group again.
        let [next, entries, _deleted] = match reply {
            Err(error) if error.is_no_group() => {
                self.cursor = EntryId::MIN;
                return Ok(Vec::new());
            }
            reply => decode::array(reply?)?,
        };
        let next = decode::id(next)?;
        let entries = decode::entries(entries, true)?;
        self.cursor = next;
        // In hand and yet idle: our own heartbeat is late. It is alive again, and not to be worked on twice.
        Ok(entries.into_iter().filter(|entry| self.in_hand.take(entry.id)).collect())
    }

    /// Whether the whole pending list has been looked through, and the next call begins again.
    pub(crate) fn is_at_start(&self) -> bool {
        self.cursor == EntryId::MIN
    }

    /// Keeps everything in hand from being reclaimed. The answer is what is no longer ours: taken over by another
    /// worker, or finished. Its work may go on, for the finish script decides.
    pub async fn heartbeat(&self) -> Result<Vec<EntryId>, StreamError> {
        let mut lost = Vec::new();
        for ids in self.in_hand.ids().chunks(HEARTBEAT_IDS) {
            lost.extend(heartbeat_ids(&self.redis, &self.stream, &self.group, &self.consumer, ids).await?);
        }
        Ok(lost)
    }

    async fn autoclaim(&self, min_idle: Duration, count: usize) -> Result<Value, StreamError> {
        let min_idle_ms = min_idle.as_millis() as u64;
        let (group, start) = (self.group.as_str(), self.cursor.to_string());
        let client = self.redis.client();
        let claim = client.xautoclaim(
            &self.stream,
            group,
            self.consumer.as_str(),
            min_idle_ms,
            start,
            Some(count as u64),
            false,
        );
        Ok(Box::pin(claim).await?)
    }
}

/// Keeps these messages of the queue from being reclaimed; the answer is those that are not this consumer's.
pub async fn heartbeat(
    redis: &Redis,
    partition: u16,
    consumer: &str,
    ids: &[EntryId],
) -> Result<Vec<EntryId>, StreamError> {
    heartbeat_ids(redis, &redis.keys().queue(partition), ORDER_PROCESSOR, consumer, ids).await
}

async fn heartbeat_ids(
    redis: &Redis,
    stream: &str,
    group: &str,
    consumer: &str,
    ids: &[EntryId],
) -> Result<Vec<EntryId>, StreamError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut args = Args::default();
    args.push(group);
    args.push(consumer);
    for id in ids {
        args.show(id);
    }
    match HEARTBEAT.call::<Value>(redis, vec![stream.to_owned()], args).await {
        // With the group went every claim.
        Err(error) if error.is_no_group() => Ok(ids.to_vec()),
        reply => decode::items(reply?)?.into_iter().map(decode::id).collect(),
    }
}
