//! Where Redis is and what this installation's keys are called.

use std::fmt;

/// What [`Redis::new`](super::Redis::new) needs.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisOptions {
    /// `redis://[user:password@]host[:port][/database]`; `rediss://` for TLS, `redis-cluster://` for a cluster.
    pub url: String,
    /// What every key starts with.
    pub prefix: String,
    /// The same in every service, and never changed while orders are in work: it decides where an order's messages are.
    pub partitions: u16,
}

impl RedisOptions {
    /// Default prefix, one partition.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), prefix: "orderflow".to_owned(), partitions: 1 }
    }
}

impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the URL: it may hold a password.
        f.debug_struct("RedisOptions")
            .field("prefix", &self.prefix)
            .field("partitions", &self.partitions)
            .finish_non_exhaustive()
    }
}
