//! `outbox/relay.rs`, `outbox/marks.rs`: rows are published one after the other, and deleted later.

use super::{Api, Row};
use crate::{
    protocol::{Change, Protocol},
    state::Id,
};

/// Published rows that may be left in the outbox; there it is a thousand.
const UNDELETED: u8 = 2;

/// `streams::Mark`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Mark {
    pub(crate) epoch: u8,
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

    pub(crate) fn note_loss(&mut self, producer: u8, found: Mark) {
        self.lost = true;
        self.stored = Some(Mark { last_seq: 0, ..found });
        self.seen(producer, found);
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
