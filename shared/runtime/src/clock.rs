//! Time, injected. Services ask a [`Clock`] and never the system, so that tests move time by hand and no
//! test sleeps. This and [`crate::ids`] are the only places that may read the system clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use contract::Timestamp;

/// A source of the current time; clones of a manual clock share their time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<Manual>),
}

#[derive(Debug)]
struct Manual {
    micros: AtomicI64,
    last_id_tick: AtomicU64,
}

impl Clock {
    /// The machine's wall clock.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `start` until it is advanced.
    pub fn manual(start: Timestamp) -> Self {
        let micros = AtomicI64::new(start.as_micros());
        Self(Source::Manual(Arc::new(Manual { micros, last_id_tick: AtomicU64::new(0) })))
    }

    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => Timestamp::from_micros(system_micros()),
            Source::Manual(manual) => Timestamp::from_micros(manual.micros.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock forward.
    ///
    /// # Panics
    /// On the system clock: nobody can move that.
    pub fn advance(&self, by: Duration) {
        match &self.0 {
            Source::System => panic!("the system clock can't be advanced"),
            Source::Manual(manual) => {
                manual.micros.fetch_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX), Ordering::SeqCst);
            }
        }
    }

    /// Where [`crate::ids`] keeps its place, so that the ids made by one clock grow.
    pub(crate) fn last_id_tick(&self) -> &AtomicU64 {
        static SYSTEM: AtomicU64 = AtomicU64::new(0);
        match &self.0 {
            Source::System => &SYSTEM,
            Source::Manual(manual) => &manual.last_id_tick,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where wall time enters the program")]
fn system_micros() -> i64 {
    // A clock set before 1970 reads as 1970: ids and timestamps have no form for earlier times.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_by_hand_and_for_all_its_clones() {
        let clock = Clock::manual(Timestamp::from_micros(1_000));
        let clone = clock.clone();
        assert_eq!(clone.now(), clock.now());
        clock.advance(Duration::from_micros(5));
        assert_eq!(clone.now(), Timestamp::from_micros(1_005));
    }

    #[test]
    fn the_system_clock_is_past_2025() {
        assert!(Clock::system().now().as_micros() > 1_735_689_600_000_000);
    }
}
