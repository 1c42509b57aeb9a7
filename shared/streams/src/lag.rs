//! How far behind a group is on a stream, as Redis counts it. Writes nothing.

use fred::{interfaces::StreamsInterface, types::Value};

use crate::{connection::Redis, decode, error::StreamError, keys::Stream};

/// What a group still has to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// Entries that nobody of the group has been given. `None`: Redis lost count, or there is no such group yet.
    pub undelivered: Option<u64>,
    /// Entries that were given out and not acknowledged.
    pub unacknowledged: u64,
}

/// Asks about one group on one partition of the stream.
pub async fn lag(redis: &Redis, stream: Stream, partition: u16, group: &str) -> Result<Lag, StreamError> {
    let key = redis.keys().stream(stream, partition);
    match Box::pin(redis.client().xinfo_groups::<Value, _>(key)).await {
        Ok(groups) => of_group(groups, group),
        // Nothing was ever written, or Redis lost it.
        Err(error) if error.details().contains("no such key") => Ok(Lag::default()),
        Err(error) => Err(error.into()),
    }
}

fn of_group(groups: Value, wanted: &str) -> Result<Lag, StreamError> {
    for group in decode::items(groups)? {
        let (mut name, mut lag) = (String::new(), Lag::default());
        for (field, value) in named(group)? {
            match field.as_str() {
                "name" => name = decode::text(value)?,
                "pending" => lag.unacknowledged = decode::number(value)?,
                "lag" if !value.is_null() => lag.undelivered = Some(decode::number(value)?),
                _ => {}
            }
        }
        if name == wanted {
            return Ok(lag);
        }
    }
    Ok(Lag::default())
}

/// One group's fields, by name.
fn named(group: Value) -> Result<Vec<(String, Value)>, StreamError> {
    let mut values = decode::items(group)?.into_iter();
    let mut pairs = Vec::with_capacity(values.len() / 2);
    while let (Some(name), Some(value)) = (values.next(), values.next()) {
        pairs.push((decode::text(name)?, value));
    }
    Ok(pairs)
}
