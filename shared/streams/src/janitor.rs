//! Keeps the streams bounded: acknowledged entries stay in Redis until they are trimmed.

use crate::{
    connection::Redis,
    error::StreamError,
    keys::Stream,
    script::{Args, Script, script},
};

static TRIM: Script = script!("trim");

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
