//! How many events wait to be projected, as Redis counts them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use streams::{
    Redis, StreamError,
    keys::{METRICS_SERVICE, Stream},
    lag::{Lag, lag},
};

/// The newest look at each partition. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Backlog(Arc<Mutex<BTreeMap<u16, Lag>>>);

impl Backlog {
    /// Asks Redis about every partition.
    pub(crate) async fn look(&self, redis: &Redis) -> Result<(), StreamError> {
        for partition in redis.keys().partitions() {
            let seen = lag(redis, Stream::Events, partition, METRICS_SERVICE).await?;
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(partition, seen);
        }
        Ok(())
    }

    /// By partition; those that were not looked at yet are missing.
    pub(crate) fn all(&self) -> BTreeMap<u16, Lag> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
