//! The numbers of outbox rows. They become visible in their order because one task commits them, one transaction after the
//! other.

use uuid::Uuid;

/// Numbers the rows of this run of the service, from 1.
pub(super) struct Numbering {
    pub(super) producer: Uuid,
    pub(super) last: i64,
}

impl Numbering {
    /// `producer` must be new.
    pub(super) const fn new(producer: Uuid) -> Self {
        Self { producer, last: 0 }
    }

    /// Never given out twice, also when the transaction fails.
    pub(super) const fn next(&mut self) -> i64 {
        self.last += 1;
        self.last
    }
}
