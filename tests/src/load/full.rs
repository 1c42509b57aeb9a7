//! A full load: single orders and batches, with an `Idempotency-Key` and without, one request after the other as soon as the
//! last is answered. What has a key is repeated until it is accepted, and then once more.

use std::{ops::Range, sync::atomic::Ordering};

use serde_json::Value;
use tokio::sync::watch;

use super::{PAUSE_AFTER_FAILURE, Shared};
use crate::client::{Client, Placed, PlacedMany};

/// Orders in a batch.
const BATCH: usize = 20;

/// One request, which can be made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Of its orders.
    pub numbers: Range<usize>,
    form: Form,
    key: Option<String>,
}

/// Of how many orders it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Single,
    Batch,
}

/// Why nobody says that the orders are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    Refused,
    Unanswered,
}

impl Form {
    /// Each in its turn.
    const fn at(turn: usize) -> Self {
        if turn.is_multiple_of(2) { Self::Single } else { Self::Batch }
    }

    const fn orders(self) -> usize {
        match self {
            Self::Single => 1,
            Self::Batch => BATCH,
        }
    }
}

impl Request {
    /// The ids of its orders, and whether an earlier request with its key had made them.
    ///
    /// # Errors
    /// When the answer is another one, or there is none.
    pub async fn send(&self, client: &Client) -> Result<(Vec<String>, bool), Failed> {
        let key = self.key.as_deref();
        match self.form {
            Form::Single => match client.place(&Client::order(self.numbers.start), key).await {
                Placed::Accepted { order_id, replayed } => Ok((vec![order_id], replayed)),
                Placed::Refused(_) => Err(Failed::Refused),
                Placed::Unanswered => Err(Failed::Unanswered),
            },
            Form::Batch => {
                let orders: Vec<Value> = self.numbers.clone().map(Client::order).collect();
                match client.place_many(&orders, key).await {
                    PlacedMany::Accepted { order_ids, replayed } => Ok((order_ids, replayed)),
                    PlacedMany::Refused(_) => Err(Failed::Refused),
                    PlacedMany::Unanswered => Err(Failed::Unanswered),
                }
            }
        }
    }
}

impl Shared {
    /// Waits until more orders are wanted, and makes the next request.
    pub(super) async fn send_next(&self, allowed: &watch::Sender<usize>) {
        let wanted = |allowed: &usize| self.outcome().accepted.len() < *allowed;
        allowed.subscribe().wait_for(wanted).await.expect("the load owns the sender");
        if self.stop.load(Ordering::Relaxed) {
            return;
        }
        let request = self.next_request();
        if request.key.is_some() {
            while !self.send(&request).await {}
            while !self.send(&request).await {}
            self.outcome().keyed.push(request);
        } else {
            self.send(&request).await;
        }
    }

    /// Single or batch, with a key or without: each pair in its turn.
    fn next_request(&self) -> Request {
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        let form = Form::at(turn);
        let first = self.numbers.fetch_add(form.orders(), Ordering::Relaxed);
        let key = (turn / 2).is_multiple_of(2).then(|| format!("request-{turn}"));
        Request { numbers: first..first + form.orders(), form, key }
    }

    async fn send(&self, request: &Request) -> bool {
        let sent = request.send(&self.client).await;
        {
            let mut outcome = self.outcome();
            match sent {
                Ok((order_ids, _)) => {
                    for (number, order_id) in request.numbers.clone().zip(order_ids) {
                        outcome.accepted.entry(number).or_default().push(order_id);
                    }
                    return true;
                }
                Err(Failed::Refused) => outcome.refused += 1,
                Err(Failed::Unanswered) => outcome.unanswered += 1,
            }
        }
        tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
        false
    }
}
