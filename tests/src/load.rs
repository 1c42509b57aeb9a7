//! Orders, one after the other from several clients at once, until told to stop: a steady load, or as much as
//! they can send. It remembers what was accepted: that is what may not be lost.

mod full;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{sync::watch, task::JoinSet};

pub use self::full::Request;

use crate::{
    client::{Client, Placed},
    wait::eventually,
};

/// Between two orders of one client: a steady load rather than all that the machine can do.
const PAUSE: Duration = Duration::from_millis(5);
/// Before asking a server again that did not answer.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(50);

/// How clients treat an order that got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// It is forgotten; the next order is another one.
    Never,
    /// The same order with the same `Idempotency-Key`, until it is accepted; and then once more.
    UntilAccepted,
    /// Every second order like that, the others never.
    EverySecond,
}

impl Repeat {
    const fn repeats(self, number: usize) -> bool {
        match self {
            Self::Never => false,
            Self::UntilAccepted => true,
            Self::EverySecond => number.is_multiple_of(2),
        }
    }
}

/// What the clients were told.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Order ids that were answered 201; by the order's own number, so that a repeat that gave another id is seen.
    pub accepted: BTreeMap<usize, Vec<String>>,
    /// Accepted requests of a full load that had a key.
    pub keyed: Vec<Request>,
    pub refused: usize,
    pub unanswered: usize,
}

impl Outcome {
    /// Every accepted id.
    pub fn ids(&self) -> impl Iterator<Item = &String> {
        self.accepted.values().flatten()
    }
}

pub struct Load {
    shared: Arc<Shared>,
    clients: JoinSet<()>,
}

struct Shared {
    client: Client,
    pace: Pace,
    stop: AtomicBool,
    numbers: AtomicUsize,
    /// Requests of a full load.
    turns: AtomicUsize,
    outcome: Mutex<Outcome>,
}

enum Pace {
    /// Single orders, with a pause between two of one client.
    Steady(Repeat, Duration),
    /// Every kind of request without a pause, until so many orders are accepted.
    Full(watch::Sender<usize>),
}

impl Load {
    pub fn start(client: &Client, clients: usize, repeat: Repeat) -> Self {
        Self::start_slow(client, clients, repeat, PAUSE)
    }

    /// With another pause between two orders of one client.
    pub fn start_slow(client: &Client, clients: usize, repeat: Repeat, pause: Duration) -> Self {
        Self::start_at(client, clients, Pace::Steady(repeat, pause))
    }

    /// As much as the clients can send of single orders and batches, with keys and without, once they [may](Self::allow).
    pub fn start_full(client: &Client, clients: usize) -> Self {
        Self::start_at(client, clients, Pace::Full(watch::Sender::new(0)))
    }

    fn start_at(client: &Client, clients: usize, pace: Pace) -> Self {
        let shared = Arc::new(Shared {
            client: client.clone(),
            pace,
            stop: AtomicBool::new(false),
            numbers: AtomicUsize::new(0),
            turns: AtomicUsize::new(0),
            outcome: Mutex::default(),
        });
        let mut tasks = JoinSet::new();
        for _ in 0..clients {
            tasks.spawn(Shared::run(shared.clone()));
        }
        Self { shared, clients: tasks }
    }

    /// Lets a full load go on until about this many more are accepted: nobody waits for what a machine takes in that can't
    /// work it off. Of any other load there is no end.
    pub fn allow(&self, more: usize) {
        if let Pace::Full(allowed) = &self.shared.pace {
            allowed.send_replace(self.accepted() + more);
        }
    }

    /// Waits until this many more have been accepted.
    pub async fn accepts_more(&self, more: usize) {
        let goal = self.accepted() + more;
        eventually(&format!("{goal} orders are accepted"), async || match self.accepted() {
            accepted if accepted >= goal => Ok(()),
            accepted => Err(format!("{accepted} are")),
        })
        .await;
    }

    /// Waits until a client has met a server that does not answer.
    pub async fn meets_a_failure(&self) {
        eventually("a request fails", async || {
            let outcome = self.shared.outcome();
            if outcome.unanswered + outcome.refused > 0 { Ok(()) } else { Err("none did".to_owned()) }
        })
        .await;
    }

    pub fn accepted(&self) -> usize {
        self.shared.outcome().accepted.len()
    }

    /// Every id that was accepted so far.
    pub fn ids(&self) -> Vec<String> {
        self.shared.outcome().ids().cloned().collect()
    }

    /// Lets every client finish its order.
    pub async fn stop(mut self) -> Outcome {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Pace::Full(allowed) = &self.shared.pace {
            allowed.send_replace(usize::MAX);
        }
        while let Some(ended) = self.clients.join_next().await {
            ended.expect("a client does not panic");
        }
        std::mem::take(&mut *self.shared.outcome())
    }
}

impl Shared {
    async fn run(self: Arc<Self>) {
        while !self.stop.load(Ordering::Relaxed) {
            match &self.pace {
                Pace::Steady(repeat, pause) => {
                    self.place_next(*repeat).await;
                    tokio::time::sleep(*pause).await;
                }
                Pace::Full(allowed) => self.send_next(allowed).await,
            }
        }
    }

    async fn place_next(&self, repeat: Repeat) {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        if repeat.repeats(number) {
            let key = format!("load-{number}");
            while !self.place(number, Some(&key)).await {}
            while !self.place(number, Some(&key)).await {}
        } else {
            self.place(number, None).await;
        }
    }

    async fn place(&self, number: usize, key: Option<&str>) -> bool {
        let placed = self.client.place(&Client::order(number), key).await;
        {
            let mut outcome = self.outcome();
            match placed {
                Placed::Accepted { order_id, .. } => {
                    outcome.accepted.entry(number).or_default().push(order_id);
                    return true;
                }
                Placed::Refused(_) => outcome.refused += 1,
                Placed::Unanswered => outcome.unanswered += 1,
            }
        }
        tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
        false
    }

    fn outcome(&self) -> std::sync::MutexGuard<'_, Outcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
