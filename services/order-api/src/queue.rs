//! What Redis knows about the queue and the metrics, for the two routes that show it.

use std::sync::{Arc, Mutex, PoisonError};

use contract::MetricsSnapshot;
use streams::{QueueStatus, Redis, StreamError, queue_status, snapshot};

/// Orders that `GET /orders/status/` names.
const NAMED_ORDERS: usize = 10;

/// Clones share what was last seen.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    redis: Redis,
    last_seen: Arc<Mutex<Option<MetricsSnapshot>>>,
}

impl Queue {
    pub(crate) fn new(redis: &Redis) -> Self {
        Self { redis: redis.clone(), last_seen: Arc::default() }
    }

    /// The queue now.
    pub(crate) async fn status(&self) -> Result<QueueStatus, StreamError> {
        queue_status(&self.redis, NAMED_ORDERS).await
    }

    /// The newest metrics; with Redis away, those seen last.
    ///
    /// # Errors
    /// Redis is away and none was ever seen.
    pub(crate) async fn metrics(&self) -> Result<Option<MetricsSnapshot>, StreamError> {
        let found = match snapshot::get(&self.redis).await {
            // What can't be read was written by another version; the next one replaces it.
            Ok(found) => found.and_then(|json| serde_json::from_str(&json).ok()),
            Err(error) => return self.last_seen().clone().map(Some).ok_or(error),
        };
        let mut last_seen = self.last_seen();
        if found.is_some() {
            last_seen.clone_from(&found);
        }
        // A Redis that lost its data has none for a moment.
        Ok(found.or_else(|| last_seen.clone()))
    }

    fn last_seen(&self) -> std::sync::MutexGuard<'_, Option<MetricsSnapshot>> {
        self.last_seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
