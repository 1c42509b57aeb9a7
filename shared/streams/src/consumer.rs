//! Reading a stream through a group, so that nothing that was delivered is ever forgotten.
//!
//! Redis notes each delivered entry as pending under the consumer's name until it is acknowledged. The name is that of
//! the instance: after a crash the same instance first reads its own pending list and finds what it had in hand.
//!
//! ```text
//!            ┌──── own pending entries, from the first on ◀──── start, any error, a read that was dropped,
//!            │ all read                                         rewind, and every 15 s
//!            ▼
//!       new entries (blocks up to 2 s) ──▶ handed out, in hand until acknowledged or released
//! ```
//!
//! A delivery whose answer is lost (connection broken, time out, future dropped) is pending in Redis and unknown here:
//! that is why every such case leads back to the pending list. What this process still has in hand is left out there.

use std::time::Duration;

use fred::interfaces::StreamsInterface;
use tokio::time::Instant;

use crate::{
    connection::{Reader, Redis},
    decode,
    entry::{Entry, EntryId},
    error::StreamError,
    groups,
    in_hand::InHand,
    keys::Stream,
};

/// How often the pending list is read again without a reason that was seen here. A server may still deliver to a
/// connection that is gone.
const OWN_AGAIN: Duration = Duration::from_secs(15);
/// Most entries of one read of the pending list.
const PAGE: usize = 1_000;
/// First and longest wait before a group that is gone is made again.
const HEAL_BACKOFF: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(2));

/// One consumer of one group on one partition of one stream.
pub struct Subscription {
    redis: Redis,
    reader: Reader,
    stream: String,
    group: String,
    consumer: String,
    in_hand: InHand,
    position: Position,
    own_read_at: Instant,
    /// Whether the group was ever there: on a new Redis it is not, and that is no loss.
    seen: bool,
    heals: u32,
}

/// What the next read asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    /// One's own pending entries after this one.
    Own(EntryId),
    /// Entries that nobody of the group has been given.
    New,
}

impl Subscription {
    /// Opens a connection of its own; needs no Redis to be there yet.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn new(
        redis: &Redis,
        stream: Stream,
        partition: u16,
        group: impl Into<String>,
        consumer: impl Into<String>,
    ) -> Result<Self, StreamError> {
        Ok(Self {
            redis: redis.clone(),
            reader: redis.reader()?,
            stream: redis.keys().stream(stream, partition),
            group: group.into(),
            consumer: consumer.into(),
            in_hand: InHand::default(),
            position: Position::Own(EntryId::MIN),
            own_read_at: Instant::now(),
            seen: false,
            heals: 0,
        })
    }

    /// The next entries, at most `max`; empty when none came within about 2 s, and when a lost group was made again.
    ///
    /// Each is in hand from then on, until [`ack`](Self::ack) or [`InHand::release`]. May be dropped at any point, as
    /// `select!` does: what was delivered meanwhile comes with a later call. After an error just call it again: without
    /// a connection it takes about a second to fail, so a loop around it does not spin.
    pub async fn next(&mut self, max: usize) -> Result<Vec<Entry>, StreamError> {
        if max == 0 {
            return Ok(Vec::new());
        }
        match self.read(max).await {
            Ok(entries) => {
                self.seen = true;
                self.heals = 0;
                Ok(entries)
            }
            Err(error) => {
                self.position = Position::Own(EntryId::MIN);
                self.recover(error).await?;
                Ok(Vec::new())
            }
        }
    }

    /// Acknowledges the entries and lets them go. For the groups on `events`; messages of `queue` are finished by
    /// [`Finisher`](crate::finish::Finisher).
    ///
    /// Safe to repeat, and to be repeated after an error (or rewound): until then the entries stay in hand, and pending.
    pub async fn ack(&self, ids: &[EntryId]) -> Result<(), StreamError> {
        if ids.is_empty() {
            return Ok(());
        }
        let texts: Vec<String> = ids.iter().map(EntryId::to_string).collect();
        let client = self.redis.client();
        Box::pin(client.xack::<(), _, _, _>(&self.stream, self.group.as_str(), texts)).await?;
        self.done(ids);
        Ok(())
    }

    /// Lets the entries go without acknowledging them; they were finished elsewhere.
    pub fn done(&self, ids: &[EntryId]) {
        self.in_hand.release(ids);
    }

    /// What is in hand; shared with whoever finishes, reclaims or keeps alive.
    pub fn in_hand(&self) -> InHand {
        self.in_hand.clone()
    }

    /// Forgets what is in hand and reads it again from the pending list: for a consumer whose own step failed.
    pub fn rewind(&mut self) {
        self.in_hand.clear();
        self.position = Position::Own(EntryId::MIN);
    }

    async fn read(&mut self, max: usize) -> Result<Vec<Entry>, StreamError> {
        self.reader.connected().await?;
        if self.position == Position::New && self.own_read_at.elapsed() >= OWN_AGAIN {
            self.position = Position::Own(EntryId::MIN);
        }
        while let Position::Own(after) = self.position {
            let entries = self.read_own(after, max).await?;
            if !entries.is_empty() {
                return Ok(entries);
            }
        }
        // Until the answer is here: should this future be dropped, the next call looks for what was delivered to it.
        self.position = Position::Own(EntryId::MIN);
        let reply = self.reader.read(&self.stream, &self.group, &self.consumer, ">", max).await?;
        let entries = decode::read_reply(reply, false)?;
        self.position = Position::New;
        for entry in &entries {
            self.in_hand.take(entry.id);
        }
        Ok(entries)
    }

    /// One page of one's own pending entries, without those in hand; moves the position past it.
    async fn read_own(&mut self, after: EntryId, max: usize) -> Result<Vec<Entry>, StreamError> {
        // Taken before the read: an entry that is finished while the answer is under way is in the answer all the same.
        let held = self.in_hand.snapshot();
        let count = max.saturating_add(held.len()).min(PAGE);
        let from = after.to_string();
        let reply = self.reader.read(&self.stream, &self.group, &self.consumer, &from, count).await?;
        let page = decode::read_reply(reply, true)?;
        let mut next = if page.len() < count { Position::New } else { self.position };
        let mut fresh = Vec::new();
        for entry in page {
            if fresh.len() == max {
                next = Position::Own(fresh.last().map_or(after, |last: &Entry| last.id));
                break;
            }
            if next != Position::New {
                next = Position::Own(entry.id);
            }
            if !held.contains(&entry.id) && self.in_hand.take(entry.id) {
                fresh.push(entry);
            }
        }
        if next == Position::New {
            self.own_read_at = Instant::now();
        }
        self.position = next;
        Ok(fresh)
    }

    async fn recover(&mut self, error: StreamError) -> Result<(), StreamError> {
        if error.is_no_group() {
            // Somebody may be destroying it as fast as we make it.
            let (first, longest) = HEAL_BACKOFF;
            tokio::time::sleep(first.saturating_mul(1 << self.heals.min(10)).min(longest)).await;
            self.heals += 1;
            if self.seen && self.heals == 1 {
                tracing::warn!(
                    stream = self.stream,
                    group = self.group,
                    "the consumer group is gone; making it again"
                );
            }
            return groups::ensure(&self.redis).await;
        }
        if error.is_timeout() {
            // Half-open, perhaps: the library waits for ever on a connection that is blocked.
            self.reader = self.redis.reader()?;
        }
        Err(error)
    }
}
