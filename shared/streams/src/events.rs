//! Following `events`: a subscription whose entries are read as the contract's events.
//!
//! What is no event can't be applied by anybody, today or later: it is logged and acknowledged, so that it holds up
//! nothing. Everything else is the caller's until it acknowledges it, which it does once its own state is durable. A
//! crash in between delivers it again; versions tell what was applied.
//!
//! An instance that never comes back, or comes back under another name, leaves its events pending. Whoever else reads
//! for the same group takes over what was pending for longer than [`ABANDONED`]; they come late, and versions tell.

use std::time::Duration;

use contract::Event;
use fred::interfaces::StreamsInterface;
use tokio::time::Instant;

use crate::{
    connection::Redis,
    consumer::Subscription,
    entry::{Entry, EntryId},
    error::StreamError,
    in_hand::InHand,
    keys::Stream,
    reclaim::Reclaimer,
};

/// Events that were delivered this long ago and not acknowledged are somebody else's to apply.
pub const ABANDONED: Duration = Duration::from_mins(1);
/// How often to look for such events.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// One event, as it was delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    pub id: EntryId,
    pub event: Event,
    /// The event's data as it came.
    pub json: String,
    /// It was delivered before, and may have been applied.
    pub redelivered: bool,
}

/// One consumer of one group on the events of one partition.
pub struct EventReader {
    subscription: Subscription,
    reclaimer: Reclaimer,
    look_at: Instant,
    unreadable: Vec<EntryId>,
    acknowledger: Acknowledger,
}

/// Acknowledges what a reader has delivered, also while it reads on. Clones do the same.
#[derive(Clone, Debug)]
pub struct Acknowledger {
    redis: Redis,
    stream: String,
    group: String,
    in_hand: InHand,
}

impl Acknowledger {
    /// Acknowledges events that were applied. Safe to repeat.
    pub async fn ack(&self, ids: &[EntryId]) -> Result<(), StreamError> {
        if ids.is_empty() {
            return Ok(());
        }
        let texts: Vec<String> = ids.iter().map(EntryId::to_string).collect();
        let client = self.redis.client();
        Box::pin(client.xack::<(), _, _, _>(&self.stream, self.group.as_str(), texts)).await?;
        self.in_hand.release(ids);
        Ok(())
    }
}

impl EventReader {
    /// Opens a connection of its own; needs no Redis to be there yet.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn new(redis: &Redis, partition: u16, group: &str, consumer: &str) -> Result<Self, StreamError> {
        let subscription = Subscription::new(redis, Stream::Events, partition, group, consumer)?;
        let in_hand = subscription.in_hand();
        let acknowledger = Acknowledger {
            redis: redis.clone(),
            stream: redis.keys().stream(Stream::Events, partition),
            group: group.to_owned(),
            in_hand: in_hand.clone(),
        };
        let reclaimer = Reclaimer::of(redis, Stream::Events, partition, group, consumer, in_hand);
        Ok(Self { subscription, reclaimer, look_at: Instant::now(), unreadable: Vec::new(), acknowledger })
    }

    /// The next events, at most `max`, in the stream's order, but for those that were taken over; empty when none came
    /// within about 2 s. May be dropped at any point, and called again after an error: see [`Subscription::next`].
    pub async fn next(&mut self, max: usize) -> Result<Vec<Delivered>, StreamError> {
        let mut entries = Vec::new();
        if max > 0 {
            // What can't be done without a connection fails at once; it is the read that takes its time to report it.
            if let Err(error) = self.skip_unreadable().await {
                tracing::debug!(%error, "entries that are no events are acknowledged later");
            }
            entries = self.take_over(max).await;
        }
        if entries.is_empty() {
            entries = self.subscription.next(max).await?;
        }
        let mut events = Vec::with_capacity(entries.len());
        for entry in entries {
            match read(entry) {
                Ok(delivered) => events.push(delivered),
                Err(id) => self.unreadable.push(id),
            }
        }
        if events.is_empty() {
            self.skip_unreadable().await?;
        }
        Ok(events)
    }

    /// Acknowledges events that were applied. Safe to repeat.
    pub async fn ack(&self, ids: &[EntryId]) -> Result<(), StreamError> {
        self.acknowledger.ack(ids).await
    }

    /// For acknowledging while the next events are read.
    pub fn acknowledger(&self) -> Acknowledger {
        self.acknowledger.clone()
    }

    /// Has everything in hand delivered again: for a caller whose own step failed.
    pub fn rewind(&mut self) {
        self.subscription.rewind();
    }

    /// What others left behind, if it is time to look.
    async fn take_over(&mut self, max: usize) -> Vec<Entry> {
        if Instant::now() < self.look_at {
            return Vec::new();
        }
        let taken = self.reclaimer.reclaim_page(ABANDONED, max).await;
        if taken.is_err() || self.reclaimer.is_at_start() {
            self.look_at = Instant::now() + LOOK_EVERY;
        }
        // What was taken over by a call that failed is found among one's own pending entries.
        taken.unwrap_or_default()
    }

    async fn skip_unreadable(&mut self) -> Result<(), StreamError> {
        self.acknowledger.ack(&self.unreadable).await?;
        self.unreadable.clear();
        Ok(())
    }
}

fn read(entry: Entry) -> Result<Delivered, EntryId> {
    let Entry { id, fields, redelivered } = entry;
    // Deleted by somebody while it was pending.
    let fields = fields.ok_or(id)?;
    match Event::with_json(fields) {
        Ok((event, json)) => Ok(Delivered { id, event, json, redelivered }),
        Err(error) => {
            tracing::error!(entry = %id, %error, "skipping an entry of events that is no event");
            Err(id)
        }
    }
}
