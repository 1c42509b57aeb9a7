//! What the workers report becomes the order's state and timeline: once, in whatever order it comes.

use serde_json::json;
use system_tests::eventually;

use crate::{worker::Worker, world::World};

pub(crate) async fn kinds(world: &World, order_id: &str) -> Vec<String> {
    let timeline = world.api.get(&format!("/orders/{order_id}/events")).await.json();
    assert_eq!(timeline["order_id"], order_id);
    let events = timeline["events"].as_array().unwrap();
    events.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_client_is_told_when_the_order_is_completed() {
    let world = World::start().await;
    let order_id = world.api.placed().await;
    let waiting = tokio::spawn(crate::world::Answer::of(
        world.api.http.get(world.api.url(&format!("/orders/{order_id}?wait=60"))),
    ));
    let mut worker = Worker::new(&world.streams().await);
    let taken = worker.take(1).await.remove(0);
    assert!(worker.accept(&taken).await);
    eventually("it is processing", async || {
        let order = world.api.get(&format!("/orders/{order_id}")).await;
        if order.text_of("status") == "processing" { Ok(()) } else { Err(order.text) }
    })
    .await;
    assert!(!waiting.is_finished());
    worker.finish(&taken, &taken.completed()).await;
    let order = waiting.await.unwrap().json();
    assert_eq!((&order["status"], &order["attempts"]), (&json!("completed"), &json!(1)));
    assert_eq!(order["completed_at"], order["updated_at"]);
    assert_eq!(kinds(&world, &order_id).await, ["order.placed", "order.processing", "order.completed"]);
    // Already final: answered at once.
    assert_eq!(world.api.get(&format!("/orders/{order_id}?wait=60")).await.json(), order);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_order_has_its_reason() {
    let world = World::start().await;
    let order_id = world.api.placed().await;
    let mut worker = Worker::new(&world.streams().await);
    let taken = worker.take(1).await.remove(0);
    worker.finish(&taken, &taken.failed()).await;
    let order = world.api.get(&format!("/orders/{order_id}?wait=60")).await.json();
    assert_eq!(order["status"], "failed");
    assert_eq!(
        order["failure_reason"],
        json!({"code": "payment_refused", "message": "the card was declined"})
    );
    assert_eq!(order["completed_at"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn repeats_and_latecomers_change_nothing() {
    let world = World::start().await;
    let order_id = world.api.placed().await;
    let mut worker = Worker::new(&world.streams().await);
    let taken = worker.take(1).await.remove(0);
    worker.finish(&taken, &taken.completed()).await;
    let order = world.api.get(&format!("/orders/{order_id}?wait=60")).await.json();
    assert_eq!(order["status"], "completed");
    // A worker that stalled says late that it took it; another says that it failed; everything comes twice.
    for event in [taken.processing(), taken.failed(), taken.completed(), taken.processing()] {
        worker.emit(&event).await;
    }
    let next = world.api.placed().await;
    worker.complete(1).await;
    assert_eq!(world.api.get(&format!("/orders/{next}?wait=60")).await.text_of("status"), "completed");
    assert_eq!(world.api.get(&format!("/orders/{order_id}")).await.json(), order);
    assert_eq!(kinds(&world, &order_id).await, ["order.placed", "order.processing", "order.completed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_while_order_api_was_away_is_caught_up_with() {
    let mut world = World::start().await;
    let mut placed = Vec::new();
    for _ in 0..60 {
        placed.push(world.api.placed().await);
    }
    let mut worker = Worker::new(&world.streams().await);
    worker.complete(20).await;
    world.kill().await;
    worker.complete(40).await;
    world.start_again().await;
    for order_id in &placed {
        let order = world.api.get(&format!("/orders/{order_id}?wait=60")).await;
        assert_eq!(order.text_of("status"), "completed");
        assert_eq!(kinds(&world, order_id).await.len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_about_orders_of_others_are_passed_over() {
    let world = World::start().await;
    let mut worker = Worker::new(&world.streams().await);
    for event in contract::samples::events() {
        worker.emit(&event).await;
    }
    let order_id = world.api.placed().await;
    worker.complete(1).await;
    assert_eq!(world.api.get(&format!("/orders/{order_id}?wait=60")).await.text_of("status"), "completed");
    let stranger = contract::samples::events()[0].order_id();
    assert_eq!(world.api.get(&format!("/orders/{stranger}")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draining_service_lets_go_of_those_that_wait() {
    let mut world = World::start().await;
    let order_id = world.api.placed().await;
    let waiting = tokio::spawn(crate::world::Answer::of(
        world.api.http.get(world.api.url(&format!("/orders/{order_id}?wait=60"))),
    ));
    eventually("it waits", async || {
        let text = world.api.get("/metrics").await.text;
        if text.contains("orderflow_waiting_clients 1") { Ok(()) } else { Err(text) }
    })
    .await;
    world.stop().await;
    // Answered with what is known, long before its time.
    assert_eq!(waiting.await.unwrap().text_of("status"), "pending");
}
