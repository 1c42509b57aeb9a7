//! Ids made by this process: orders' ids, which follow the injected clock, and the instance's name.

use std::sync::atomic::{AtomicU64, Ordering};

use contract::OrderId;
use uuid::Uuid;

use crate::clock::Clock;

/// A new order id: a UUIDv7 of the clock's time. Each id of one clock is greater than the one
/// before, even inside one millisecond or when the clock steps back, so that rows are inserted at the end of the index.
pub fn new_order_id(clock: &Clock) -> OrderId {
    let micros = clock.now().as_micros().max(0) as u64;
    // Milliseconds, and the fraction below them in 12 bits, so that `OrderId::time` gives the microseconds back.
    let fraction = ((micros % 1_000) * 4_096).div_ceil(1_000);
    let ticks = next_tick(clock.last_id_tick(), ((micros / 1_000) << 12) | fraction);
    let (millis, fraction) = (ticks >> 12, (ticks & 0xfff) as u16);
    let mut random = [0; 10];
    random[..2].copy_from_slice(&fraction.to_be_bytes());
    random[2..].copy_from_slice(&fastrand::u64(..).to_be_bytes());
    OrderId::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}

/// The clock's reading, or one more than the last id's when the clock has not moved on.
fn next_tick(last_tick: &AtomicU64, now: u64) -> u64 {
    let next = |last: u64| now.max(last + 1);
    let advance = |last| Some(next(last));
    last_tick.fetch_update(Ordering::Relaxed, Ordering::Relaxed, advance).map_or(now, next)
}

/// A random version 4 UUID, for ids that need no order.
pub fn random_uuid() -> Uuid {
    uuid::Builder::from_random_bytes(fastrand::u128(..).to_be_bytes()).into_uuid()
}

/// The host's name, which names this instance where the configuration does not: in a container it is the
/// pod's name, so a worker that restarts in place finds its own pending messages.
pub fn instance_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use contract::Timestamp;

    use super::*;

    #[test]
    fn ids_grow_and_carry_the_clocks_time() {
        let clock = Clock::system();
        let before = clock.now().as_millis();
        let ids: Vec<OrderId> = (0..10_000).map(|_| new_order_id(&clock)).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        let (seconds, nanos) = ids[0].as_uuid().get_timestamp().unwrap().to_unix();
        let millis = seconds as i64 * 1_000 + i64::from(nanos) / 1_000_000;
        assert!((before - 1..before + 60_000).contains(&millis), "{millis} {before}");
    }

    #[test]
    fn an_id_reads_back_as_a_version_7() {
        let id = new_order_id(&Clock::manual(Timestamp::from_micros(1_764_000_000_000_000)));
        assert_eq!(id.to_string().parse::<OrderId>(), Ok(id));
        assert_eq!(id.time(), Timestamp::from_micros(1_764_000_000_000_000));
        assert_eq!(random_uuid().get_version_num(), 4);
        assert!(!instance_name().is_empty());
    }
}
