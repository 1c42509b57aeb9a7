//! Following `events`: a subscription whose entries are read as the contract's events.
//!
//! What is no event can't be applied by anybody, today or later: it is logged and acknowledged, so that it holds up
//! nothing. Everything else is the caller's until it acknowledges it, which it does once its own state is durable. A
//! crash in between delivers it again; versions tell what was applied.

use contract::Event;

use crate::{
    connection::Redis,
    consumer::Subscription,
    entry::{Entry, EntryId},
    error::StreamError,
    keys::Stream,
};

/// One event, as it was delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    pub id: EntryId,
    pub event: Event,
    /// It was delivered before, and may have been applied.
    pub redelivered: bool,
}

/// One consumer of one group on the events of one partition.
pub struct EventReader {
    subscription: Subscription,
    unreadable: Vec<EntryId>,
}

impl EventReader {
    /// Opens a connection of its own; needs no Redis to be there yet.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn new(redis: &Redis, partition: u16, group: &str, consumer: &str) -> Result<Self, StreamError> {
        let subscription = Subscription::new(redis, Stream::Events, partition, group, consumer)?;
        Ok(Self { subscription, unreadable: Vec::new() })
    }

    /// The next events, at most `max`, in the stream's order; empty when none came within about 2 s. May be dropped at
    /// any point, and called again after an error: see [`Subscription::next`].
    pub async fn next(&mut self, max: usize) -> Result<Vec<Delivered>, StreamError> {
        self.skip_unreadable().await?;
        let entries = self.subscription.next(max).await?;
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
        self.subscription.ack(ids).await
    }

    /// Has everything in hand delivered again: for a caller whose own step failed.
    pub fn rewind(&mut self) {
        self.subscription.rewind();
    }

    async fn skip_unreadable(&mut self) -> Result<(), StreamError> {
        self.subscription.ack(&self.unreadable).await?;
        self.unreadable.clear();
        Ok(())
    }
}

fn read(entry: Entry) -> Result<Delivered, EntryId> {
    let Entry { id, fields, redelivered } = entry;
    // Deleted by somebody while it was pending.
    let fields = fields.ok_or(id)?;
    match Event::from_fields(fields) {
        Ok(event) => Ok(Delivered { id, event, redelivered }),
        Err(error) => {
            tracing::error!(entry = %id, %error, "skipping an entry of events that is no event");
            Err(id)
        }
    }
}
