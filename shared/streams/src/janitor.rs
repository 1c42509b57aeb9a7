//! Keeps Redis bounded: acknowledged entries stay until they are trimmed, and consumers until they are removed.

use std::time::Duration;

use crate::{
    connection::Redis,
    error::StreamError,
    keys::Stream,
    script::{Args, Script, script},
};

static TRIM: Script = script!("trim");
static RETIRE: Script = script!("retire");

/// Trims both streams of the partition up to their slowest group; the number of entries removed.
///
/// Never what some group has not acknowledged, and nothing at all while one of the groups is missing. The newest node of
/// a stream (about a hundred entries) stays as it is.
pub async fn trim(redis: &Redis, partition: u16) -> Result<u64, StreamError> {
    let mut removed = 0;
    for stream in Stream::ALL {
        // Redis removes some thousands at a time, so that nobody waits for long.
        loop {
            let mut args = Args::default();
            for group in stream.groups() {
                args.push(group);
            }
            let now: u64 = TRIM.call(redis, vec![redis.keys().stream(stream, partition)], args).await?;
            removed += now;
            if now == 0 {
                break;
            }
        }
    }
    Ok(removed)
}

/// Removes the consumers of both streams of the partition that asked for nothing for `idle` and have nothing pending; their
/// names. One that comes back is made again by its next read.
pub async fn retire(redis: &Redis, partition: u16, idle: Duration) -> Result<Vec<String>, StreamError> {
    let mut retired = Vec::new();
    for stream in Stream::ALL {
        for group in stream.groups() {
            let mut keys = vec![redis.keys().stream(stream, partition)];
            if stream == Stream::Queue {
                // Only of its workers: services on one host may share a consumer's name.
                keys.push(redis.keys().finished(partition));
            }
            let mut args = Args::default();
            args.push(group);
            args.show(idle.as_millis());
            retired.extend(RETIRE.call::<Vec<String>>(redis, keys, args).await?);
        }
    }
    Ok(retired)
}
