//! What this process holds of one stream: entries that it was given and that are not finished yet.
//!
//! A read that failed is repeated from the start of one's own pending list, and that list still names everything
//! in hand. This set is what keeps such an entry from being worked on twice side by side.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::entry::EntryId;

/// The ids in hand of one (partition, group, consumer). Clones share the set.
#[derive(Clone, Debug, Default)]
pub struct InHand(Arc<Mutex<BTreeSet<EntryId>>>);

impl InHand {
    /// Gives the entries back: finished, or to be delivered again by the next read of one's own pending list.
    pub fn release(&self, ids: &[EntryId]) {
        let mut held = self.lock();
        for id in ids {
            held.remove(id);
        }
    }

    /// Everything in hand, oldest first: what a heartbeat has to keep alive.
    pub fn ids(&self) -> Vec<EntryId> {
        self.lock().iter().copied().collect()
    }

    pub fn len(&self) -> usize {
        self.lock().len()
    }

    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Takes the entry; false when it is in hand already.
    pub(crate) fn take(&self, id: EntryId) -> bool {
        self.lock().insert(id)
    }

    pub(crate) fn snapshot(&self) -> BTreeSet<EntryId> {
        self.lock().clone()
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<EntryId>> {
        // Every change is a single call on the set, so a panic can't leave it half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_taken_once_until_it_is_released() {
        let (hand, id) = (InHand::default(), EntryId::new(1, 2));
        assert!(hand.take(id) && !hand.clone().take(id));
        assert_eq!(hand.ids(), [id]);
        hand.release(&[id]);
        assert!(hand.is_empty() && hand.take(id));
    }
}
