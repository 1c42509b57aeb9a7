//! Whose publications Redis remembers, and forgetting those who publish nothing any more.
//!
//! Each run of a producer has a name of its own, so there is one more with every start. What is forgotten is the number that a
//! repeated batch is recognised by: a producer whose rows may still be published must never be forgotten, and nobody but the owner
//! of the outbox knows.

use fred::interfaces::HashesInterface;

use crate::{connection::Redis, error::StreamError};

/// The names of all producers that have published into the partition.
pub async fn producers(redis: &Redis, partition: u16) -> Result<Vec<String>, StreamError> {
    Ok(Box::pin(redis.client().hkeys(redis.keys().published(partition))).await?)
}

/// Forgets these producers in the partition; how many of them were known.
pub async fn forget(redis: &Redis, partition: u16, producers: &[String]) -> Result<u64, StreamError> {
    if producers.is_empty() {
        return Ok(0);
    }
    Ok(Box::pin(redis.client().hdel(redis.keys().published(partition), producers.to_vec())).await?)
}
