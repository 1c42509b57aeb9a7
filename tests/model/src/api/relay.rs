//! `outbox/relay.rs`, `outbox/marks.rs`: rows are published one after the other, and deleted later.

use super::{Api, Row};
use crate::{
    protocol::{Change, Protocol},
    redis::Redis,
    state::Id,
};

/// Published rows that may be left in the outbox; there it is a thousand.
const UNDELETED: u8 = 2;

/// `streams::Mark`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Mark {
    pub(crate) epoch: u8,
    pub(crate) run: u8,
    pub(crate) last_id: Id,
    pub(crate) last_seq: u8,
}

impl Api {
    pub(crate) fn next_row(&self) -> Option<Row> {
        self.outbox.get(usize::from(self.published)).copied()
    }

    pub(crate) fn may_publish(&self) -> bool {
        self.next_row().is_some() && self.published < UNDELETED
    }

    /// What the next publication of this producer expects to find.
    pub(crate) fn expected(&self, producer: u8, protocol: &Protocol) -> Option<Mark> {
        let mark = self.mark.filter(|_| !protocol.has(Change::NoCompare))?;
        Some(if producer == self.run { mark } else { Mark { last_seq: 0, ..mark } })
    }

    /// The mark that a publication of this producer, or of nothing, finds instead of what it expects.
    pub(crate) fn finds_loss(&self, redis: &Redis, protocol: &Protocol) -> Option<Mark> {
        let producer = self.next_producer();
        redis.compare(producer, self.expected(producer, protocol)).err()
    }

    /// Whether `cancel.lua` compares, and finds that Redis is behind.
    pub(crate) fn may_not_cancel(&self, redis: &Redis, protocol: &Protocol) -> bool {
        let expected = self.mark.filter(|_| !protocol.has(Change::CancelComparesNothing));
        redis.compare(self.run, expected.map(|mark| Mark { last_seq: 0, ..mark })).is_err()
    }

    /// The producer whose publication, of a row or of nothing, comes next.
    pub(crate) fn next_producer(&self) -> u8 {
        self.next_row().map_or(self.run, |row| row.producer)
    }

    pub(crate) fn published(&mut self, producer: u8, mark: Mark) {
        self.published += 1;
        self.seen(producer, mark);
    }

    fn seen(&mut self, producer: u8, mark: Mark) {
        let last_seq =
            if producer == self.run { mark.last_seq } else { self.mark.map_or(0, |mark| mark.last_seq) };
        self.mark = Some(Mark { last_seq, ..mark });
    }

    /// The next row is of a version that its order has left behind.
    pub(crate) fn is_stale(&self, row: Row) -> bool {
        self.order(row.command.order).is_some_and(|order| row.command.version < order.version)
    }

    pub(crate) const fn skip(&mut self) {
        self.published += 1;
    }

    pub(crate) fn note_loss(&mut self, producer: u8, found: Mark, protocol: &Protocol) {
        self.lost = true;
        if let Some(heal) = &mut self.heal {
            heal.clears = false;
        }
        self.doubt(protocol);
        self.stored = Some(Mark { last_seq: 0, ..found });
        self.seen(producer, found);
    }

    /// The mark is stored before the first order is accepted.
    pub(crate) const fn meet(&mut self, mark: Mark) {
        self.stored = Some(mark);
        self.mark = self.stored;
    }

    /// Sets `lost_at`: of every order that there is now Redis may have forgotten something.
    pub(crate) fn doubt(&mut self, protocol: &Protocol) {
        let doubted = !protocol.has(Change::LossesAreForgotten);
        self.orders.iter_mut().flatten().for_each(|order| order.doubted |= doubted);
    }

    /// Where nothing is ever cancelled it makes no difference.
    pub(crate) fn forget_doubts(&mut self) {
        self.orders.iter_mut().flatten().for_each(|order| order.doubted = false);
    }

    pub(crate) const fn can_record(&self) -> bool {
        self.published > 0
    }

    /// Deletes what is published, and stores the mark, in one transaction.
    pub(crate) fn record(&mut self) {
        self.outbox.drain(..usize::from(self.published));
        self.published = 0;
        self.stored = self.mark.map(|mark| Mark { last_seq: 0, ..mark });
    }
}
