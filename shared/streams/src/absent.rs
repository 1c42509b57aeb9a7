//! Looking for messages that are gone: Redis lost data, and nobody saw it happen.

use contract::OrderId;
use fred::types::Value;

use crate::{
    connection::Redis,
    decode,
    entry::EntryId,
    error::StreamError,
    script::{Args, Script, script},
};

static ABSENT: Script = script!("absent");

/// Orders in one call, so that no call holds Redis up for long; a script can't take many thousands either.
pub const MOST: usize = 1_000;

/// What was found at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// Orders that have no live message: finished, or lost.
    pub orders: Vec<OrderId>,
    /// The end of those that were finished is among the events up to here. Whoever has applied them all, and still takes an
    /// order for unfinished, knows that its message is lost.
    pub events_up_to: EntryId,
}

/// Which of these orders, all of one partition and at most [`MOST`], have no live message. Writes nothing.
pub async fn absent(redis: &Redis, partition: u16, orders: &[OrderId]) -> Result<Absent, StreamError> {
    let keys = vec![redis.keys().live(partition), redis.keys().events(partition)];
    let mut args = Args::default();
    for order in orders {
        args.show(order);
    }
    let [last_id, absent] = decode::array(ABSENT.call::<Value>(redis, keys, args).await?)?;
    let order =
        |text| decode::text(text)?.parse().map_err(|_| StreamError::Reply("an order id that is none"));
    Ok(Absent {
        orders: decode::items(absent)?.into_iter().map(order).collect::<Result<_, _>>()?,
        events_up_to: decode::id(last_id)?,
    })
}
