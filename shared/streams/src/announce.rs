//! Events that end nothing: a worker says that it took orders.
//!
//! Not fenced and not remembered: after a lost answer an event may be there twice, with the same id and version, and
//! consumers drop the second.

use contract::Fields;

use crate::{
    connection::Redis,
    error::StreamError,
    script::{Args, Script, script},
};

static ANNOUNCE: Script = script!("announce");

/// Adds the events in one round trip.
pub async fn announce(redis: &Redis, partition: u16, events: &[Fields]) -> Result<(), StreamError> {
    if events.is_empty() {
        return Ok(());
    }
    let mut args = Args::default();
    for event in events {
        args.fields(event);
    }
    // A script, not a pipeline of XADD: it costs client and server a fraction of that.
    ANNOUNCE.call::<i64>(redis, vec![redis.keys().events(partition)], args).await?;
    Ok(())
}
