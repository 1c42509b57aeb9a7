//! The internal feed: every order's state, page by page.

use serde_json::{Value, json};

use crate::{worker::Worker, world::World};

#[tokio::test(flavor = "multi_thread")]
async fn every_order_is_in_it_once_with_its_state() {
    let world = World::start().await;
    let mut worker = Worker::new(&world.streams().await);
    let mut placed = Vec::new();
    for _ in 0..5 {
        placed.push(world.api.placed().await);
    }
    worker.complete(2).await;
    let last = world.api.get(&format!("/orders/{}?wait=30", placed[1])).await;
    assert_eq!(last.text_of("status"), "completed");

    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = world.api.get(&format!("/internal/orders?limit=2{after}")).await.json();
        found.extend(page["orders"].as_array().unwrap().clone());
        match &page["next"] {
            Value::String(next) => after = format!("&after={next}"),
            _ => break,
        }
    }
    let ids: Vec<_> = found.iter().map(|order| order["order_id"].as_str().unwrap()).collect();
    assert_eq!(ids, placed, "oldest first");
    let state =
        |order: &Value| (order["status"].clone(), order["version"].clone(), order["attempts"].clone());
    assert_eq!(state(&found[1]), (json!("completed"), json!(3), json!(1)));
    assert_eq!(found[1]["finished_at"], last.json()["completed_at"]);
    assert!(found[1]["started_at"].is_string() && found[4]["started_at"].is_null());
    assert_eq!(state(&found[4]), (json!("pending"), json!(1), json!(0)));

    for (query, name) in [("limit=0", "limit"), ("limit=1001", "limit"), ("after=x", ""), ("page=2", "")] {
        let refused = world.api.get(&format!("/internal/orders?{query}")).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (400, &json!("invalid_parameter")));
        assert!(name.is_empty() || refused.json()["errors"][0]["field"] == name);
    }
}
