//! The reckoning: what was accepted against what the system says in the end.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    client::{Client, text},
    wait::eventually,
};

const STATUSES: [&str; 5] = ["pending", "processing", "completed", "failed", "cancelled"];

/// How many orders there are in each status.
pub type Counts = BTreeMap<String, u64>;

/// Waits until no order is on its way any more, and checks that every accepted one is there and completed.
/// Returns all orders: there can be more than were accepted, where an answer was lost.
///
/// # Panics
/// When one is lost, or did not complete.
pub async fn all_complete<'a>(client: &Client, accepted: impl IntoIterator<Item = &'a String>) -> Vec<Value> {
    let orders = eventually("every order is completed", async || {
        let orders = client.all_orders().await?;
        match orders.iter().find(|order| order["status"] != "completed") {
            Some(order) => Err(format!("{:?}, for example {order}", counts(&orders))),
            None => Ok(orders),
        }
    })
    .await;
    let there: BTreeMap<String, u32> = orders.iter().fold(BTreeMap::new(), |mut there, order| {
        *there.entry(text(order, "order_id")).or_default() += 1;
        there
    });
    assert_eq!(there.len(), orders.len(), "an order is listed twice");
    let lost: Vec<_> = accepted.into_iter().filter(|id| !there.contains_key(*id)).collect();
    assert!(lost.is_empty(), "{} accepted orders are lost: {lost:?}", lost.len());
    orders
}

/// Waits until both places that show numbers show the same as the orders themselves.
pub async fn metrics_equal(client: &Client, orders: &[Value]) {
    let expected = counts(orders);
    let final_count = expected["completed"] + expected["failed"];
    for (where_, path) in [("metrics-service", "/stats"), ("order-api", "/orders/metrics")] {
        eventually(&format!("{where_} has counted {expected:?}"), async || {
            let answer =
                if path == "/stats" { client.metrics(path).await? } else { client.api(path).await? };
            let shown: Counts = STATUSES
                .iter()
                .map(|status| (*status).to_owned())
                .map(|status| {
                    let count = answer["order_status_counts"][&status].as_u64().unwrap_or_default();
                    (status, count)
                })
                .collect();
            if shown == expected && answer["total_orders_processed"] == final_count {
                Ok(())
            } else {
                Err(answer.to_string())
            }
        })
        .await;
    }
}

/// Orders by status; every status has a number.
pub fn counts(orders: &[Value]) -> Counts {
    let mut counts: Counts = STATUSES.iter().map(|status| ((*status).to_owned(), 0)).collect();
    for order in orders {
        *counts.entry(text(order, "status")).or_default() += 1;
    }
    counts
}

/// Checks that each order was reported final once: the timeline holds what every event said, repeats excepted.
///
/// # Panics
/// Names the order with two ends.
pub async fn finished_once(client: &Client, orders: &[Value]) {
    for order in orders {
        let order_id = text(order, "order_id");
        let timeline = client.timeline(&order_id).await.expect("a timeline");
        let ends =
            timeline.iter().filter(|kind| *kind == "order.completed" || *kind == "order.failed").count();
        assert_eq!((timeline[0].as_str(), ends), ("order.placed", 1), "{order_id}: {timeline:?}");
    }
}
