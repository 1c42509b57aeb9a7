//! Many orders in one request.

use serde_json::json;

use crate::world::{World, order};

#[tokio::test(flavor = "multi_thread")]
async fn each_order_has_its_own_result() {
    let world = World::start().await;
    let batch = json!({"orders": [order(), {"user_id": 1}, 7, order()]});
    let answer = world.api.post("/orders/batch", &batch).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let results = answer.json();
    assert_eq!((&results["accepted"], &results["refused"]), (&json!(2), &json!(2)));
    let results = results["results"].as_array().unwrap();
    let statuses: Vec<_> = results.iter().map(|result| result["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 422, 422, 201]);
    assert_eq!(results[1]["problem"]["errors"][0]["field"], "item_ids");
    for index in [0, 3] {
        let order_id = results[index]["order"]["order_id"].as_str().unwrap();
        let found = world.api.get(&format!("/orders/{order_id}")).await;
        assert_eq!(found.json(), results[index]["order"]);
    }
    assert_eq!(world.api.get("/orders").await.json()["orders"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_fit_and_a_thousand_and_one_do_not() {
    let world = World::start().await;
    let mut orders = vec![order(); 1_000];
    let answer = world.api.post_once("/orders/batch", "all-of-them", &json!({"orders": orders})).await;
    assert_eq!(answer.json()["accepted"], 1_000);
    let again = world.api.post_once("/orders/batch", "all-of-them", &json!({"orders": orders})).await;
    assert_eq!((again.header("idempotency-replayed"), &again.text), (Some("true"), &answer.text));
    orders.push(order());
    let answer = world.api.post("/orders/batch", &json!({"orders": orders})).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["errors"][0]["field"]), (422, &json!("orders")));
    let status = world.api.get("/orders/status").await.json();
    let there = status["queue_length"].as_u64().unwrap() + status["unpublished"].as_u64().unwrap();
    assert!(there >= 1_000, "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_nothing_valid_stores_nothing() {
    let world = World::start().await;
    let answer = world.api.post_once("/orders/batch", "none", &json!({"orders": [{}, {}]})).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["accepted"]), (200, &json!(0)));
    let again = world.api.post_once("/orders/batch", "none", &json!({"orders": [{}, {}]})).await;
    assert_eq!((again.status.as_u16(), &again.json()["refused"]), (200, &json!(2)));
}
