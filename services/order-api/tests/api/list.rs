//! Lists: filters, and pages that neither skip nor repeat an order.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    worker::Worker,
    world::{World, order},
};

async fn ids(world: &World, query: &str) -> Vec<String> {
    let page = world.api.get(&format!("/orders?{query}")).await.json();
    page["orders"]
        .as_array()
        .unwrap()
        .iter()
        .map(|order| order["order_id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_stable_while_orders_are_placed() {
    let world = World::start().await;
    let mut placed = Vec::new();
    for _ in 0..25 {
        placed.push(world.api.placed().await);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.api.get(&format!("/orders/?limit=10{cursor}")).await.json();
        for order in page["orders"].as_array().unwrap() {
            seen.push(order["order_id"].as_str().unwrap().to_owned());
        }
        // One that comes in between is on no page any more.
        world.api.placed().await;
        match &page["next_cursor"] {
            Value::String(next) => cursor = format!("&cursor={next}"),
            _ => break,
        }
    }
    placed.reverse();
    assert_eq!(seen, placed, "newest first, each once");
    assert_eq!(ids(&world, "").await.len(), 20, "the default limit");
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_narrow_the_list() {
    let world = World::start().await;
    let mut worker = Worker::new(&world.streams().await);
    let mut bobs = order();
    bobs["user_id"] = json!("bob");
    let of_bob = world.api.post("/orders", &bobs).await.text_of("order_id");
    worker.complete(1).await;
    let waited = world.api.get(&format!("/orders/{of_bob}?wait=30")).await;
    assert_eq!(waited.text_of("status"), "completed");
    let middle = world.api.post("/orders", &order()).await;
    let pending = [middle.text_of("order_id"), world.api.placed().await];

    assert_eq!(ids(&world, "status=completed").await, [&*of_bob]);
    assert_eq!(ids(&world, "status=failed").await, [""; 0]);
    assert_eq!(ids(&world, "user_id=bob").await, [&*of_bob]);
    assert_eq!(ids(&world, "user_id=bob&status=pending").await, [""; 0]);
    let pending: BTreeSet<_> = pending.into_iter().collect();
    assert_eq!(ids(&world, "status=pending").await.into_iter().collect::<BTreeSet<_>>(), pending);
    let since = middle.text_of("created_at");
    assert_eq!(ids(&world, &format!("created_from={since}")).await.len(), 2);
    assert_eq!(ids(&world, &format!("created_before={since}")).await, [&*of_bob]);
    assert_eq!(ids(&world, &format!("created_from={since}&created_before={since}")).await, [""; 0]);
}
