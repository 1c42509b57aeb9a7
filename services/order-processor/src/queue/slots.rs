//! How many orders may be in work at once, over all partitions.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Clones share the slots.
#[derive(Clone, Debug)]
pub(crate) struct Slots(Arc<Semaphore>);

impl Slots {
    pub(crate) fn new(count: usize) -> Self {
        Self(Arc::new(Semaphore::new(count)))
    }

    /// Waits for its turn until one is free, then takes what more is free, up to `most` in all. Dropping the permit gives
    /// them back.
    pub(super) async fn take(&self, most: usize) -> OwnedSemaphorePermit {
        let mut taken = self.0.clone().acquire_owned().await.expect("it is never closed");
        // Orders that end together give their slots back one after the other: let them, or the first slot alone would
        // have to do for a whole read.
        tokio::task::yield_now().await;
        let more = self.0.available_permits().min(most.saturating_sub(1));
        // Another partition may be faster; then this one goes with what it has.
        if let Ok(more) = self.0.clone().try_acquire_many_owned(more as u32) {
            taken.merge(more);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_takes_what_is_free_and_waits_for_the_first() {
        let slots = Slots::new(5);
        let three = slots.take(3).await;
        let rest = slots.take(10).await;
        assert_eq!((three.num_permits(), rest.num_permits()), (3, 2));
        let waiting = tokio::spawn({
            let slots = slots.clone();
            async move { slots.take(10).await.num_permits() }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(three);
        assert_eq!(waiting.await.unwrap(), 3);
    }
}
