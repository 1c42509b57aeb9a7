//! Accepting orders: what comes back is what went in, and it is there.

use serde_json::{Value, json};

use crate::world::{Answer, World, order};

/// The requests that clients of the former system send, to the letter.
#[tokio::test(flavor = "multi_thread")]
async fn both_bodies_of_the_former_clients_are_accepted() {
    let world = World::start().await;
    for (body, user, items, total) in [
        (
            r#"{"user_id": "user-1", "item_ids": ["item-1", "item-2"], "total_amount": 99.99}"#,
            "user-1",
            json!(["item-1", "item-2"]),
            "99.99",
        ),
        (r#"{"user_id": 1, "item_ids": [1, 2, 3], "total_amount": 250}"#, "1", json!(["1", "2", "3"]), "250"),
    ] {
        let request = world.api.http.post(world.api.url("/orders/"));
        let answer = Answer::of(request.header("content-type", "application/json").body(body)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let placed = answer.json();
        let order_id = answer.text_of("order_id");
        assert_eq!(answer.header("location"), Some(format!("/orders/{order_id}").as_str()));
        assert_eq!(answer.header("idempotency-replayed"), None);
        assert_eq!((&placed["status"], &placed["user_id"]), (&json!("pending"), &json!(user)));
        assert_eq!(placed["item_ids"], items);
        assert_eq!(placed["created_at"], placed["updated_at"]);
        assert_eq!((&placed["completed_at"], &placed["attempts"]), (&Value::Null, &json!(0)));
        assert!(answer.text.contains(&format!("\"total_amount\":{total},")), "{answer:?}");

        let found = world.api.get(&format!("/orders/{order_id}")).await;
        assert_eq!((found.status.as_u16(), found.text), (200, answer.text));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn money_comes_back_digit_for_digit() {
    let world = World::start().await;
    for amount in ["0.1", "99.99", "90071992547409.93", "0", "0.0001", "922337203685477.5807"] {
        let body = format!(r#"{{"user_id": "a", "item_ids": ["b"], "total_amount": {amount}}}"#);
        let request = world.api.http.post(world.api.url("/orders"));
        let answer = Answer::of(request.header("content-type", "application/json").body(body)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let expected = format!("\"total_amount\":{amount},");
        assert!(answer.text.contains(&expected), "{answer:?}");
        let found = world.api.get(&format!("/orders/{}", answer.text_of("order_id"))).await;
        assert!(found.text.contains(&expected), "{found:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_items_of_two_hundred_characters_fit() {
    let world = World::start().await;
    let items: Vec<String> = (0..1_000).map(|number| format!("{number:0>200}")).collect();
    let body = json!({"user_id": "a".repeat(200), "item_ids": items, "total_amount": 1});
    let answer = world.api.post("/orders", &body).await;
    assert_eq!(answer.status, 201);
    let found = world.api.get(&format!("/orders/{}", answer.text_of("order_id"))).await.json();
    assert_eq!(found["item_ids"], body["item_ids"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_works_with_and_without_the_slash_and_none_is_taken_for_an_id() {
    let world = World::start().await;
    let order_id = world.api.placed().await;
    for path in [
        "/orders",
        "/orders/status",
        "/orders/metrics",
        &format!("/orders/{order_id}"),
        &format!("/orders/{order_id}/events"),
        "/docs",
        "/openapi.json",
        "/healthz",
        "/readyz",
        "/metrics",
    ] {
        for path in [path.to_owned(), format!("{path}/")] {
            let answer = world.api.get(&path).await;
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
        }
    }
    for path in ["/orders/batch", "/orders/batch/"] {
        assert_eq!(world.api.post(path, &json!({"orders": [order()]})).await.status, 200);
    }
    assert_eq!(world.api.get("/orders/metrics").await.json()["total_orders_processed"], 0);
    assert_eq!(world.api.get("/orders/status/").await.json()["workers"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_the_end_of_the_process() {
    let mut world = World::start().await;
    let mut placed = Vec::new();
    for _ in 0..20 {
        placed.push(world.api.placed().await);
    }
    world.kill().await;
    world.start_again().await;
    for order_id in placed {
        assert_eq!(world.api.get(&format!("/orders/{order_id}")).await.status, 200);
    }
}
