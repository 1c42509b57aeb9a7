//! What the diagnosis is made from, and who counts as alive.

use std::time::Duration;

use super::words::{Span, orders_wait};

/// A worker that has orders in hand shows it every ten seconds, and whenever it finishes one.
const SILENT: Duration = Duration::from_secs(15);
/// One that has none is only sure to be seen when it reads its own pending list, every 15 to 17 seconds: Redis 7.0 does not note
/// a read that finds nothing.
const IDLE: Duration = Duration::from_secs(25);
/// But if an order waits, whoever has nothing in hand takes it at once.
const UNTAKEN: Duration = Duration::from_secs(5);
/// All that decides.
#[derive(Clone, Debug, Default)]
pub(in crate::dashboard) struct Situation {
    /// How long ago Redis answered, or the service started.
    pub(in crate::dashboard) redis_silent: Duration,
    /// `None`: the numbers have not been loaded yet.
    pub(in crate::dashboard) total_orders: Option<u64>,
    /// Messages that no worker has been given.
    pub(in crate::dashboard) waiting: u64,
    pub(in crate::dashboard) in_progress: u64,
    pub(in crate::dashboard) delayed: u64,
    pub(in crate::dashboard) dead: u64,
    pub(in crate::dashboard) oldest_waiting: Option<Duration>,
    pub(in crate::dashboard) workers: Vec<Worker>,
    /// How long something has been in progress while nothing ended.
    pub(in crate::dashboard) without_progress: Duration,
    /// A service that gave no answer lately.
    pub(in crate::dashboard) failing: Option<Failing>,
    /// Per second, over the last minute.
    pub(in crate::dashboard) accepted: f64,
    pub(in crate::dashboard) ended: f64,
    /// Events that were not projected yet.
    pub(in crate::dashboard) events_behind: u64,
    pub(in crate::dashboard) rebuilding: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::dashboard) struct Worker {
    pub(in crate::dashboard) name: String,
    pub(in crate::dashboard) in_hand: u64,
    /// How long ago anything was heard of it.
    pub(in crate::dashboard) silent: Duration,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::dashboard) struct Failing {
    /// `payment_unavailable`.
    pub(in crate::dashboard) code: String,
    /// As the worker told it.
    pub(in crate::dashboard) message: String,
    /// Attempts that ended so, of all: 0 to 1.
    pub(in crate::dashboard) share: f64,
}

/// Whether a worker lives, as far as can be told from how long ago anything was heard of it.
pub(in crate::dashboard) fn is_heard_of(
    in_hand: u64,
    silent: Duration,
    oldest_waiting: Option<Duration>,
) -> bool {
    let limit = match oldest_waiting {
        _ if in_hand > 0 => SILENT,
        Some(oldest) if oldest >= UNTAKEN => UNTAKEN,
        _ => IDLE,
    };
    silent < limit
}

impl Situation {
    pub(super) fn alive(&self) -> impl Iterator<Item = &Worker> {
        self.workers.iter().filter(|worker| self.hears_of(worker))
    }

    /// Those that are gone with something in hand; without, they have just left.
    pub(super) fn silent(&self) -> impl Iterator<Item = &Worker> {
        self.workers.iter().filter(|worker| worker.in_hand > 0 && !self.hears_of(worker))
    }

    fn hears_of(&self, worker: &Worker) -> bool {
        is_heard_of(worker.in_hand, worker.silent, self.oldest_waiting)
    }

    pub(super) fn waiting_clause(&self, undone: u64) -> String {
        let oldest = self.oldest_waiting.map(|oldest| format!(", the oldest for {}", Span(oldest)));
        format!("{}{}.", orders_wait(undone), oldest.unwrap_or_default())
    }

    pub(super) fn waiting_sentence(&self) -> String {
        match self.waiting {
            0 => "No further order waits.".to_owned(),
            waiting => format!("Behind them {}", self.waiting_clause(waiting)),
        }
    }
}
