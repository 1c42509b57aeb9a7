//! Clients that wait for an order to be final (`?wait=`). A crash forgets them; they ask again.

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
    changed: watch::Sender<()>,
    clients: usize,
}

/// One client's wait; ends with the value.
#[derive(Debug)]
pub(crate) struct Wait {
    waiters: Waiters,
    order_id: OrderId,
    changed: watch::Receiver<()>,
}

impl Waiters {
    /// The gauge shows how many clients wait.
    pub(crate) fn new(clients: IntGauge) -> Self {
        Self { orders: Arc::default(), clients }
    }

    /// Begins to wait. The order must be looked at after this call, or its end might fall in between.
    pub(crate) fn register(&self, order_id: OrderId) -> Wait {
        let mut waiting = self.lock();
        let entry = waiting
            .entry(order_id)
            .or_insert_with(|| Waiting { changed: watch::Sender::new(()), clients: 0 });
        entry.clients += 1;
        self.clients.inc();
        Wait { waiters: self.clone(), order_id, changed: entry.changed.subscribe() }
    }

    /// These orders are final now, and committed.
    pub(crate) fn wake(&self, orders: &[OrderId]) {
        let waiting = self.lock();
        if waiting.is_empty() {
            return;
        }
        for order_id in orders {
            if let Some(entry) = waiting.get(order_id) {
                // Also seen by one that has registered and does not listen yet.
                entry.changed.send_replace(());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OrderId, Waiting>> {
        // Every change leaves the map whole, so a panic elsewhere can't have broken it.
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wait {
    /// Resolves when the order was woken since the last call; it may be woken without being final.
    pub(crate) async fn changed(&mut self) {
        self.changed.changed().await.expect("the sender stays as long as somebody waits");
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
        let (mut first, mut second) = (waiters.register(id), waiters.register(id));
        waiters.wake(&[id]);
        first.changed().await;
        second.changed().await;
        drop(first);
        let woken = waiters.clone();
        tokio::join!(second.changed(), async move { woken.wake(&[id]) });
        assert_eq!(waiters.clients.get(), 1);
        drop(second);
        assert!(waiters.lock().is_empty());
        assert_eq!(waiters.clients.get(), 0);
    }
}
