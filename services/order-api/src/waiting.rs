//! Clients that wait for an order to be final (`?wait=`), or for whatever happens to it (streams of events). A crash forgets
//! them; they ask again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use contract::OrderId;
use prometheus::IntGauge;
use tokio::sync::watch;

/// Who waits for what. Clones share it. Its size is bounded by the number of connections.
#[derive(Clone, Debug)]
pub(crate) struct Waiters {
    orders: Arc<Mutex<HashMap<OrderId, Waiting>>>,
    /// How many clients wait.
    clients: IntGauge,
}

#[derive(Debug)]
struct Waiting {
    /// Whether the order is final, as of the last change.
    changed: watch::Sender<bool>,
    clients: usize,
}

/// One client's wait; ends with the value.
#[derive(Debug)]
pub(crate) struct Wait {
    waiters: Waiters,
    order_id: OrderId,
    changed: watch::Receiver<bool>,
}

impl Waiters {
    /// The gauge shows how many clients wait.
    pub(crate) fn new(clients: IntGauge) -> Self {
        Self { orders: Arc::default(), clients }
    }

    /// Begins to wait. The order must be looked at after this call, or what is waited for might fall in between.
    pub(crate) fn register(&self, order_id: OrderId) -> Wait {
        let mut waiting = self.lock();
        let entry = waiting
            .entry(order_id)
            .or_insert_with(|| Waiting { changed: watch::Sender::new(false), clients: 0 });
        entry.clients += 1;
        self.clients.inc();
        Wait { waiters: self.clone(), order_id, changed: entry.changed.subscribe() }
    }

    /// These orders stand otherwise than before, and whether they are final now; it is committed. Looks at none of them while
    /// nobody waits.
    pub(crate) fn wake(&self, orders: impl Iterator<Item = (OrderId, bool)>) {
        let waiting = self.lock();
        if waiting.is_empty() {
            return;
        }
        for (order_id, is_final) in orders {
            if let Some(entry) = waiting.get(&order_id) {
                // Also seen by one that has registered and does not listen yet.
                entry.changed.send_replace(is_final);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OrderId, Waiting>> {
        // Every change leaves the map whole, so a panic elsewhere can't have broken it.
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wait {
    /// Resolves when the order has changed since the last call.
    pub(crate) async fn changed(&mut self) {
        self.changed.changed().await.expect("the sender stays as long as somebody waits");
    }

    /// Resolves when the order has become final since the last call.
    pub(crate) async fn finished(&mut self) {
        loop {
            self.changed().await;
            if *self.changed.borrow_and_update() {
                return;
            }
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.waiters.clients.dec();
        let mut waiting = self.waiters.lock();
        if let Some(entry) = waiting.get_mut(&self.order_id) {
            entry.clients -= 1;
            if entry.clients == 0 {
                waiting.remove(&self.order_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_client_of_an_order_wakes_also_one_that_is_late_to_listen() {
        let waiters = Waiters::new(IntGauge::new("waiting", "Clients that wait").unwrap());
        let id: OrderId = "ORD-019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b".parse().unwrap();
        let wake = |is_final| waiters.wake([(id, is_final)].into_iter());
        let (mut first, mut second) = (waiters.register(id), waiters.register(id));
        wake(true);
        first.finished().await;
        second.changed().await;
        drop(first);
        wake(false);
        second.changed().await;
        // It is not final any more, and a change alone does not end the wait for its end.
        tokio::join!(second.finished(), async {
            wake(false);
            tokio::task::yield_now().await;
            wake(true);
        });
        assert_eq!(waiters.clients.get(), 1);
        drop(second);
        assert!(waiters.lock().is_empty());
        assert_eq!(waiters.clients.get(), 0);
    }

    #[test]
    fn while_nobody_waits_no_order_is_looked_at() {
        let waiters = Waiters::new(IntGauge::new("waiting", "Clients that wait").unwrap());
        waiters.wake(std::iter::from_fn(|| panic!("looked at")));
    }
}
