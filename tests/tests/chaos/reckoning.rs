//! What it came to: the orders that clients were told of against those that there are, and these against the shop's
//! books.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde_json::Value;
use system_tests::{
    Client, Shop, account,
    client::{number, text},
    eventually,
    load::Outcome,
    shop::{Book, Deed},
    wait::in_time,
};

/// The names of the numbers that a reckoning is shown as.
pub(crate) const COLUMNS: &str = "accepted completed   failed     lost  doubled";

/// Which orders fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fates {
    /// Those that the shop refuses, and no others.
    AsTheShopSays,
    /// Others, too: the shop could not be asked.
    SomeGiveUp,
}

#[derive(Debug)]
pub(crate) struct Reckoning {
    accepted: BTreeSet<String>,
    orders: Vec<Value>,
    fates: Fates,
    /// Accepted, and not there or not final.
    lost: Vec<String>,
    /// Baskets that became two orders, orders with an effect that happened twice.
    doubled: Vec<String>,
    /// Of orders that were completed and yet undone, or failed and not undone.
    uneven: Vec<String>,
}

/// Waits until everything is at its end, or can't be expected to get there any more.
pub(crate) async fn of(client: &Client, shop: &Shop, outcome: &Outcome, fates: Fates) -> Reckoning {
    let now = async || {
        let orders = client.all_orders().await.unwrap_or_default();
        Reckoning::new(orders, shop.books(), outcome, fates)
    };
    let settled = in_time(async || {
        // A small question first: there may be thousands.
        if is_any_on_its_way(client).await {
            return Err(None);
        }
        let reckoning = now().await;
        if reckoning.is_settled() { Ok(reckoning) } else { Err(Some(reckoning)) }
    })
    .await;
    match settled {
        Ok(reckoning) | Err(Some(reckoning)) => reckoning,
        Err(None) => now().await,
    }
}

pub(crate) async fn is_any_on_its_way(client: &Client) -> bool {
    for status in ["pending", "processing"] {
        let page = client.api(&format!("/orders/?status={status}&limit=1")).await;
        if !page.is_ok_and(|page| page["orders"].as_array().is_some_and(Vec::is_empty)) {
            return true;
        }
    }
    false
}

impl Reckoning {
    fn new(orders: Vec<Value>, books: BTreeMap<String, Book>, outcome: &Outcome, fates: Fates) -> Self {
        let accepted: BTreeSet<String> = outcome.ids().cloned().collect();
        let status: BTreeMap<String, String> =
            orders.iter().map(|order| (text(order, "order_id"), text(order, "status"))).collect();
        let is_over = |id: &&String| status.get(*id).is_some_and(|status| is_final(status));
        let lost = accepted.iter().filter(|id| !is_over(id)).cloned().collect();

        let baskets = outcome.accepted.iter().filter(|(_, ids)| ids.iter().any(|id| *id != ids[0]));
        let twice = baskets.map(|(number, ids)| format!("basket {number} was answered with {ids:?}"));
        let mut doubled: Vec<String> = twice.chain(baskets_with_two_orders(&orders)).collect();
        let mut uneven = Vec::new();
        for (id, book) in &books {
            if let Some(deed) = book.doubled() {
                doubled.push(format!("{deed:?} of {id}: {book:?}"));
            }
            if let Some(status) = status.get(id)
                && let Some(reason) = fault_in(book, status)
            {
                uneven.push(format!("{id} is {status} and {reason}: {book:?}"));
            }
        }
        Self { accepted, orders, fates, lost, doubled, uneven }
    }

    fn is_settled(&self) -> bool {
        self.lost.is_empty() && self.uneven.is_empty() && self.all_final()
    }

    fn all_final(&self) -> bool {
        self.orders.iter().all(|order| is_final(&text(order, "status")))
    }

    /// Nothing lost, nothing doubled, everything paid for or paid back, and every number is that of the orders.
    ///
    /// # Panics
    /// With what is wrong.
    pub(crate) async fn comes_out_even(&self, client: &Client) {
        let none: [String; 0] = [];
        if !self.lost.is_empty() {
            let queue = client.api("/orders/status/").await;
            panic!("lost are {:?} of {:?}; the queue: {queue:?}", self.lost, account::counts(&self.orders));
        }
        assert_eq!(self.doubled, none, "something happened twice");
        assert_eq!(self.uneven, none, "the shop's books don't say what the orders say");
        assert!(self.all_final(), "{:?}", account::counts(&self.orders));
        for order in &self.orders {
            let refused = Shop::refuses(number(order)).is_some();
            let expected = if refused { "failed" } else { "completed" };
            if refused || self.fates == Fates::AsTheShopSays {
                assert_eq!(order["status"], expected, "{order}");
            }
        }
        account::metrics_equal(client, &self.orders).await;
        for order in &self.orders {
            has_one_end(client, order).await;
        }
    }
}

impl fmt::Display for Reckoning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = account::counts(&self.orders);
        let [accepted, lost, doubled] = [self.accepted.len(), self.lost.len(), self.doubled.len()];
        let [completed, failed] = [counts["completed"], counts["failed"]];
        write!(f, "{accepted:>8} {completed:>9} {failed:>8} {lost:>8} {doubled:>8}")
    }
}

fn is_final(status: &str) -> bool {
    matches!(status, "completed" | "failed" | "cancelled")
}

/// Each basket was put into one order, or into an order whose answer was lost and was then given up.
fn baskets_with_two_orders(orders: &[Value]) -> Vec<String> {
    let mut baskets: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for order in orders {
        baskets.entry(number(order)).or_default().push(text(order, "order_id"));
    }
    baskets.retain(|_, ids| ids.len() > 1);
    baskets.into_iter().map(|(number, ids)| format!("basket {number} became {ids:?}")).collect()
}

/// What is wrong with an order's book, given how the order ended.
fn fault_in(book: &Book, status: &str) -> Option<&'static str> {
    match status {
        "completed" if !book.stands(Deed::Pay) => Some("its payment does not stand"),
        "completed" if !book.stands(Deed::Reserve) => Some("its stock is not reserved"),
        "completed" if !book.stands(Deed::Fulfil) => Some("it is not fulfilled"),
        "failed" if book.stands(Deed::Pay) => Some("it was not paid back"),
        "failed" if book.stands(Deed::Reserve) => Some("its stock was not released"),
        "failed" if book.stands(Deed::Fulfil) => Some("it is fulfilled all the same"),
        _ => None,
    }
}

/// The timeline holds what every event said, repeats excepted: none may tell of another end than the order's.
async fn has_one_end(client: &Client, order: &Value) {
    let (order_id, status) = (text(order, "order_id"), text(order, "status"));
    let own = format!("order.{status}");
    eventually(&format!("{order_id} ended once, {status}"), async || {
        let timeline = client.timeline(&order_id).await?;
        let ends = ["order.completed", "order.failed", "order.cancelled"];
        let mut told = timeline.iter().filter(|kind| ends.contains(&kind.as_str()));
        let right = told.next() == Some(&own) && told.all(|kind| *kind == own);
        if right { Ok(()) } else { Err(format!("{timeline:?}")) }
    })
    .await;
}
