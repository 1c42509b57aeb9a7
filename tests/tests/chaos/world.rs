//! One scenario: a whole system under load, whose stock and payments are the shop's.

use std::time::{Duration, Instant};

use system_tests::{
    Load, Shop, Stack,
    load::{Outcome, Repeat},
};

use crate::{
    reckoning::{self, Fates},
    table,
};

const CLIENTS: usize = 4;
/// Of a full load. Each has a connection.
const MANY_CLIENTS: usize = 48;

/// How much of everything.
#[derive(Clone, Copy, Debug)]
struct Scale {
    rounds: usize,
    /// Between two orders of one client.
    pause: Duration,
    /// Orders that are accepted before the fault, and after it.
    orders: usize,
}

impl Scale {
    fn asked_for() -> Self {
        match std::env::var("CHAOS_ROUNDS") {
            Ok(rounds) => {
                let rounds = rounds.parse().expect("CHAOS_ROUNDS is a whole number");
                Self { rounds, pause: Duration::from_millis(10), orders: 250 }
            }
            Err(_) => Self { rounds: 1, pause: Duration::from_millis(50), orders: 40 },
        }
    }
}

pub(crate) struct World {
    fault: &'static str,
    scale: Scale,
    pub(crate) stack: Stack,
    pub(crate) shop: Shop,
    load: Option<Load>,
    /// Which orders have to complete.
    pub(crate) fates: Fates,
    reckoned: bool,
}

impl World {
    /// Nothing started yet but the shop.
    pub(crate) async fn build(fault: &'static str) -> Self {
        let shop = Shop::start().await;
        let mut stack = Stack::build(&[
            // An answer that is lost is missed soon, and tried for again as often as it takes.
            ("ORDERFLOW_PIPELINE__STEP_TIMEOUT_MS", "1500"),
            ("ORDERFLOW_PROCESSOR__RECLAIM_IDLE_MS", "2000"),
            ("ORDERFLOW_PROCESSOR__MAX_ATTEMPTS", "100"),
            ("ORDERFLOW_PROCESSOR__RETRY_BASE_MS", "50"),
            ("ORDERFLOW_PROCESSOR__RETRY_CAP_MS", "1000"),
        ]);
        for (name, value) in shop.settings(shop.port) {
            stack.set(name, &value);
        }
        let (scale, fates) = (Scale::asked_for(), Fates::AsTheShopSays);
        Self { fault, scale, stack, shop, load: None, fates, reckoned: false }
    }

    /// Everything, started and under load.
    pub(crate) async fn start(fault: &'static str) -> Self {
        let mut world = Self::build(fault).await;
        world.up().await;
        world
    }

    /// Everything, started, and under as much load as the clients can make.
    pub(crate) async fn start_full(fault: &'static str) -> Self {
        let mut world = Self::build(fault).await;
        world.stack.up().await;
        world.load = Some(Load::start_full(&world.stack.client, MANY_CLIENTS));
        world
    }

    /// Starts what was built, and puts it under load.
    pub(crate) async fn up(&mut self) {
        self.stack.up().await;
        let load = Load::start_slow(&self.stack.client, CLIENTS, Repeat::EverySecond, self.scale.pause);
        self.load = Some(load);
    }

    pub(crate) fn load(&self) -> &Load {
        self.load.as_ref().expect("it is up")
    }

    /// Waits until some more orders are accepted, which is all that a client wants.
    pub(crate) async fn accepts_more(&self) {
        self.load().allow(self.scale.orders);
        self.load().accepts_more(self.scale.orders).await;
    }

    /// The fault strikes, and is over when `strike` is; as often as is asked for. Then everything must come right.
    pub(crate) async fn survives(mut self, strike: impl AsyncFnMut(&mut Self)) {
        self.comes_through(strike).await;
    }

    /// The same; then there is more to look at. What clients were told.
    pub(crate) async fn comes_through(&mut self, mut strike: impl AsyncFnMut(&mut Self)) -> Outcome {
        let mut over = Instant::now();
        for _ in 0..self.scale.rounds {
            self.accepts_more().await;
            strike(self).await;
            over = Instant::now();
            self.accepts_more().await;
        }
        let outcome = self.load.take().expect("it is up").stop().await;
        for service in self.stack.services() {
            service.ready().await;
        }
        let reckoning = reckoning::of(&self.stack.client, &self.shop, &outcome, self.fates).await;
        table::row(self.fault, &reckoning.to_string(), over.elapsed());
        self.reckoned = true;
        reckoning.comes_out_even(&self.stack.client).await;
        outcome
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !self.reckoned {
            table::row(self.fault, "did not come to the end", Duration::ZERO);
        }
    }
}
