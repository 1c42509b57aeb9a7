//! The newest metrics, left in Redis by metrics-service so that order-api can answer without touching its orders.
//! Lost with Redis; metrics-service puts it there again.

use fred::interfaces::KeysInterface;

use crate::{connection::Redis, error::StreamError};

/// Replaces the snapshot.
pub async fn put(redis: &Redis, json: &str) -> Result<(), StreamError> {
    let key = redis.keys().snapshot();
    Box::pin(redis.client().set::<(), _, _>(key, json, None, None, false)).await.map_err(StreamError::from)
}

/// The snapshot, if there is one.
pub async fn get(redis: &Redis) -> Result<Option<String>, StreamError> {
    Box::pin(redis.client().get(redis.keys().snapshot())).await.map_err(StreamError::from)
}
