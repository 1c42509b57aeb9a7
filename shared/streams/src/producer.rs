//! Publishing: how order-api's outbox gets into the streams.
//!
//! The outbox numbers its rows and sends them in that order; the script remembers the last number of each producer and
//! skips what is not above it. So a batch whose answer was lost is simply sent again: each message is added once.
//!
//! Two things this leans on, both the producer's to keep:
//! - its sequence numbers grow for as long as its name lives (SQLite: `AUTOINCREMENT`; a plain rowid starts again at 1
//!   when the table was emptied, and everything would be skipped);
//! - its name belongs to one such sequence. A database that is made anew needs a new name.
//!
//! [`Published::mark`] makes a mistake in either visible: its `last_seq` is above every number the producer gave out.

use contract::{Fields, OrderId};
use fred::types::Value;

use crate::{
    connection::Redis,
    decode,
    entry::EntryId,
    error::StreamError,
    frame::{Frames, Own},
    script::{Args, Script, script},
};

static PUBLISH: Script = script!("frames", "publish");

/// One order to publish: its command and its event, added together or not at all. Not at all, too, if the order has a live
/// message already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Above 0, growing within the batch and from batch to batch.
    pub seq: i64,
    pub order: OrderId,
    /// For `queue`.
    pub command: Fields,
    /// For `events`, if there is something to tell.
    pub event: Option<Fields>,
    /// The event is no news to the publisher's own group.
    pub known: bool,
}

/// How far Redis is, as a producer records it after a publication and expects to find it before the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Names the data set; empty where Redis has none yet.
    pub epoch: String,
    /// The last id that `queue` gave out.
    pub last_id: EntryId,
    /// The last sequence number this producer published.
    pub last_seq: i64,
}

/// All of the batch is in Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// How many were added; the others were there from an earlier try, or live already.
    pub added: usize,
    /// Where Redis stands now.
    pub mark: Mark,
}

/// The result of [`Producer::publish_after`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Published(Published),
    /// Redis is behind what was expected: it lost data. Nothing was added.
    Lost(Mark),
}

/// Publishes the batches of an outbox.
#[derive(Clone, Debug)]
pub struct Producer {
    redis: Redis,
    group: &'static str,
}

impl Producer {
    /// `group` is the publisher's own on `events`. While it has read everything, it is led past batches in which nothing is
    /// news to it: reading an event costs it as much as publishing an order. Empty: it has none.
    pub fn new(redis: &Redis, group: &'static str) -> Self {
        Self { redis: redis.clone(), group }
    }

    /// Adds what this producer has not published yet, in one atomic step. Safe to repeat after any error.
    pub async fn publish(
        &self,
        partition: u16,
        producer: &str,
        batch: &[Publication],
    ) -> Result<Published, StreamError> {
        match self.run(partition, producer, None, batch).await? {
            Outcome::Published(published) => Ok(published),
            Outcome::Lost(_) => Err(StreamError::Reply("a loss where none was asked for")),
        }
    }

    /// The same, but adds nothing when Redis is behind `expected`: what it lost must be published again first, or new
    /// messages would hide the loss.
    pub async fn publish_after(
        &self,
        partition: u16,
        producer: &str,
        expected: &Mark,
        batch: &[Publication],
    ) -> Result<Outcome, StreamError> {
        self.run(partition, producer, Some(expected), batch).await
    }

    async fn run(
        &self,
        partition: u16,
        producer: &str,
        expected: Option<&Mark>,
        batch: &[Publication],
    ) -> Result<Outcome, StreamError> {
        let keys = self.redis.keys();
        let keys = vec![
            keys.queue(partition),
            keys.events(partition),
            keys.published(partition),
            keys.epoch(partition),
            keys.live(partition),
        ];
        let mut args = Args::default();
        args.push(producer);
        expectation(&mut args, expected);
        let is_all_known = batch.iter().all(|publication| publication.known);
        args.push(if is_all_known { self.group } else { "" });
        args.pack(&messages(batch));
        read(PUBLISH.call(&self.redis, keys, args).await?)
    }
}

/// The fields that differ from one order to the next.
const OWN: Own = &["id", "time", "traceparent", "data"];

/// The batch as the script reads it.
fn messages(batch: &[Publication]) -> Args {
    let (mut frames, mut messages) = (Frames::new(OWN), Args::default());
    for publication in batch {
        let order = publication.order.to_string();
        messages.show(publication.seq);
        messages.push(&order);
        frames.push(&publication.command, &order, &mut messages);
        match &publication.event {
            Some(event) => frames.push(event, &order, &mut messages),
            None => messages.push("0"),
        }
    }
    let mut args = Args::default();
    args.show(batch.len());
    frames.write(&mut args);
    args.append(&messages);
    args
}

fn expectation(args: &mut Args, expected: Option<&Mark>) {
    if let Some(mark) = expected {
        args.push("1");
        args.push(&mark.epoch);
        args.show(mark.last_id.ms);
        args.show(mark.last_id.seq);
        args.show(mark.last_seq);
    } else {
        for nothing in ["0", "", "0", "0", "0"] {
            args.push(nothing);
        }
    }
}

fn read(reply: Value) -> Result<Outcome, StreamError> {
    let [result, added, epoch, last_id, last_seq] = decode::array(reply)?;
    let mark = Mark {
        epoch: decode::text(epoch)?,
        last_id: decode::id(last_id)?,
        last_seq: decode::number(last_seq)?,
    };
    match decode::text(result)?.as_str() {
        "added" => Ok(Outcome::Published(Published { added: decode::number(added)?, mark })),
        "lost" => Ok(Outcome::Lost(mark)),
        _ => Err(StreamError::Reply("neither added nor lost")),
    }
}
