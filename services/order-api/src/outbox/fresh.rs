//! Rows that were just committed, handed to the relay as they are: it need not read them back.
//!
//! A shortcut and nothing more. What does not fit in, or is not the next row to publish, is read from the outbox.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use super::pending::Pending;

/// Most rows that are kept; with Redis away the outbox grows, and this does not.
const MOST: usize = 4_096;

/// What the relay follows of the writer.
#[derive(Clone, Debug)]
pub(crate) struct Commits {
    /// The last number that is committed; closes when the writer has ended.
    pub(crate) last: watch::Receiver<i64>,
    pub(crate) fresh: Fresh,
}

/// Clones share the rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fresh(Arc<Mutex<VecDeque<Pending>>>);

impl Fresh {
    /// Rows of one transaction, in the order of their numbers, which are above all that were added before.
    pub(crate) fn add(&self, rows: Vec<Pending>) {
        let mut fresh = self.lock();
        if fresh.len() + rows.len() <= MOST {
            fresh.extend(rows);
        } else {
            // A row that is missing makes those behind it useless: the relay goes by the numbers.
            fresh.clear();
        }
    }

    /// The rows right after a number, at most `limit`; none if the next one is not here.
    pub(super) fn after(&self, published: i64, limit: usize) -> Vec<Pending> {
        let mut fresh = self.lock();
        while fresh.front().is_some_and(|row| row.seq <= published) {
            fresh.pop_front();
        }
        let next = |(index, row): (usize, &Pending)| row.seq == published + 1 + index as i64;
        let count = (0..fresh.len().min(limit)).take_while(|index| next((*index, &fresh[*index]))).count();
        fresh.drain(..count).collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Pending>> {
        // Whatever a panic left is either in order or not taken.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{entities::order, outbox::Kind};

    fn row(seq: i64) -> Pending {
        let order = order::Model {
            id: Uuid::from_u128(seq as u128),
            user_id: String::new(),
            item_ids: String::new(),
            total_amount: 0,
            placed_at: 0,
            status: String::new(),
            version: 1,
            life: 1,
            attempts: 0,
            started_at: None,
            updated_at: 0,
            completed_at: None,
            failure_code: None,
            failure_message: None,
            compensating: false,
        };
        let (steps, traceparent) = (None, None);
        Pending { seq, kind: Kind::Place, version: 1, attempt: 1, steps, traceparent, order: order.into() }
    }

    fn seqs(rows: &[Pending]) -> Vec<i64> {
        rows.iter().map(|row| row.seq).collect()
    }

    #[test]
    fn only_the_very_next_rows_are_handed_out() {
        let fresh = Fresh::default();
        fresh.add((1..=5).map(row).collect());
        assert_eq!(seqs(&fresh.after(0, 2)), [1, 2]);
        assert_eq!(seqs(&fresh.after(3, 10)), [4, 5], "the third was read from the outbox");
        fresh.add((8..=9).map(row).collect());
        assert_eq!(
            seqs(&fresh.after(5, 10)),
            [0; 0],
            "the numbers between belong to a transaction that failed"
        );
        assert_eq!(seqs(&fresh.after(7, 10)), [8, 9]);
    }

    #[test]
    fn it_does_not_grow_while_nobody_takes() {
        let fresh = Fresh::default();
        for batch in 0..10 {
            fresh.add((1..=1_000).map(|number| row(batch * 1_000 + number)).collect());
            assert!(fresh.lock().len() <= MOST);
        }
    }
}
