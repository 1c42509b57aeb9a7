//! A key makes a request safe to repeat: at the same time, later, and after a crash.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::world::{Answer, World, order};

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_is_answered_alike_and_places_nothing() {
    let mut world = World::start().await;
    let first = world.api.post_once("/orders", "basket-1", &order()).await;
    assert_eq!((first.status.as_u16(), first.header("idempotency-replayed")), (201, None));
    for restart in [false, true] {
        if restart {
            world.kill().await;
            world.start_again().await;
        }
        let again = world.api.post_once("/orders/", "basket-1", &order()).await;
        assert_eq!((again.status, again.header("idempotency-replayed")), (first.status, Some("true")));
        assert_eq!((&again.text, again.header("location")), (&first.text, first.header("location")));
    }
    assert_eq!(world.api.get("/orders").await.json()["orders"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_body_with_the_key_is_refused() {
    let world = World::start().await;
    let first = world.api.post_once("/orders", "basket-1", &order()).await;
    let mut other = order();
    other["total_amount"] = json!(1);
    let refused = world.api.post_once("/orders", "basket-1", &other).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (422, &json!("idempotency_key_reused")));
    let batch = world.api.post_once("/orders/batch", "basket-1", &json!({"orders": [order()]})).await;
    assert_eq!(batch.json()["code"], "idempotency_key_reused");
    // A request that was refused has not used its key.
    let invalid = world.api.post_once("/orders", "basket-2", &json!({})).await;
    assert_eq!(invalid.status, 422);
    assert_eq!(world.api.post_once("/orders", "basket-2", &order()).await.status, 201);
    assert_eq!(world.api.post_once("/orders", "basket-1", &order()).await.text, first.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn repeats_at_the_same_moment_make_one_order() {
    let world = World::start().await;
    let mut requests = JoinSet::new();
    for number in 0..200 {
        let request = world.api.http.post(world.api.url("/orders")).json(&order());
        requests.spawn(Answer::of(request.header("Idempotency-Key", format!("basket-{}", number % 4))));
    }
    let answers = requests.join_all().await;
    assert!(answers.iter().all(|answer| answer.status == 201));
    let fresh = answers.iter().filter(|answer| answer.header("idempotency-replayed").is_none()).count();
    let mut ids: Vec<String> = answers.iter().map(|answer| answer.text_of("order_id")).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((fresh, ids.len()), (4, 4));
    assert_eq!(world.api.get("/orders").await.json()["orders"].as_array().unwrap().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_key_is_refused() {
    let world = World::start().await;
    for key in ["", " ", "two words", &"x".repeat(256)] {
        let answer = world.api.post_once("/orders", key, &order()).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["code"]),
            (400, &json!("invalid_idempotency_key")),
            "{key:?}"
        );
    }
    let bytes = world.api.http.post(world.api.url("/orders")).header("Idempotency-Key", &b"\xff\xfe"[..]);
    let answer = Answer::of(bytes.json(&order())).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_eq!(world.api.get("/orders").await.json()["orders"], Value::Array(Vec::new()));
}
