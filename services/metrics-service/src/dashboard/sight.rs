//! The workers' queue as Redis showed it last, and since when Redis has shown nothing.

use std::sync::{Arc, Mutex, PoisonError};

use contract::Timestamp;
use streams::QueueStatus;

/// The newest look. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sight(Arc<Mutex<Look>>);

/// What is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    pub(super) queue: Option<QueueStatus>,
    /// When it was like that.
    pub(super) seen_at: Option<Timestamp>,
    /// Since when messages have been in progress without a pause.
    pub(super) busy_since: Option<Timestamp>,
}

impl Sight {
    pub(crate) fn saw(&self, queue: QueueStatus, now: Timestamp) {
        let mut look = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        look.busy_since = (queue.in_progress > 0).then(|| look.busy_since.unwrap_or(now));
        look.seen_at = Some(now);
        look.queue = Some(queue);
    }

    pub(super) fn look(&self) -> Look {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
