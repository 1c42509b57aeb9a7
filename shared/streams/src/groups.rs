//! The consumer groups. Whoever needs them makes them, at the start and whenever they turn out to be gone.

use fred::{interfaces::StreamsInterface, types::streams::XID};
use futures_util::future::try_join_all;

use crate::{connection::Redis, error::StreamError, keys::Stream};

/// Makes both streams of every partition with all their groups; what is there already stays as it is.
///
/// Groups start at id 0: one that is made again after a loss sees everything, some of it a second time, where one that
/// starts at the end would miss what came in between.
pub async fn ensure(redis: &Redis) -> Result<(), StreamError> {
    let keys = redis.keys();
    let wanted = keys.partitions().flat_map(|partition| {
        Stream::ALL.into_iter().flat_map(move |stream| {
            stream.groups().iter().map(move |group| (keys.stream(stream, partition), *group))
        })
    });
    // Sent together; the client pipelines them.
    try_join_all(wanted.map(|(stream, group)| create(redis, stream, group))).await?;
    Ok(())
}

async fn create(redis: &Redis, stream: String, group: &str) -> Result<(), StreamError> {
    let start = XID::Manual("0".into());
    match Box::pin(redis.client().xgroup_create::<(), _, _, _>(stream, group, start, true)).await {
        Err(error) if error.details().starts_with("BUSYGROUP") => Ok(()),
        result => Ok(result?),
    }
}
