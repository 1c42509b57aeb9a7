//! What the step services are sent, and what their answers mean.

use contract::EventData;
use serde_json::{Value, json};

use crate::{
    orders::{TRACEPARENT, order_id, words},
    shop::{Reply, Shop},
    world::World,
};

#[tokio::test(flavor = "multi_thread")]
async fn each_step_is_sent_the_order_with_its_key_and_the_trace() {
    let world = World::start().await;
    let shop = Shop::start().await;
    let worker = world.worker("w1", |config| shop.serves(config)).await;
    world.place([1]).await;
    world.finished(1).await;
    let calls = shop.calls();
    let paths: Vec<_> = calls.iter().map(|call| call.path.as_str()).collect();
    assert_eq!(paths, ["/stock", "/payment", "/fulfilment"]);
    for (call, step) in calls.iter().zip(["stock", "payment", "fulfilment"]) {
        assert_eq!(call.key, format!("{}/{step}", order_id(1)));
        assert_eq!(call.traceparent, TRACEPARENT);
        assert_eq!(
            serde_json::from_str::<Value>(&call.body).unwrap(),
            json!({
                "order_id": order_id(1).to_string(),
                "placed_at": "2025-11-24T16:00:00.000000Z",
                "user_id": "user-1",
                "item_ids": ["sku-1", "sku-1"],
                "total_amount": 99.99,
            })
        );
        assert!(call.body.contains("99.99"), "{}", call.body);
    }
    worker.drain().await;
}

/// The failure of an order whose payment is answered like this.
async fn failure(reply: impl Fn() -> Reply + Send + Sync + 'static) -> (String, String, usize) {
    let world = World::start().await;
    let shop = Shop::answering(move |call, _| match call.path.as_str() {
        "/payment" => reply(),
        _ => Reply::Status(200, ""),
    })
    .await;
    let worker = world
        .worker("w1", |config| {
            shop.serves(config);
            config.processor.max_attempts = 2;
            config.pipeline.step_timeout_ms = 300;
        })
        .await;
    world.place([1]).await;
    let history = world.finished(1).await;
    let EventData::Failed(failed) = &history.last().unwrap().data else { panic!("{:?}", words(&history)) };
    worker.drain().await;
    let payments = shop.keys(1).iter().filter(|key| *key == "payment").count();
    (failed.reason.code.clone(), failed.reason.message.clone(), payments)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_final_and_its_reason_is_passed_on() {
    let (code, message, payments) =
        failure(|| Reply::Status(402, r#"{"reason": "the card was\ndeclined"}"#)).await;
    assert_eq!((code.as_str(), message.as_str(), payments), ("payment_refused", "the card was declined", 1));
    let (code, message, payments) = failure(|| Reply::Status(404, "<html>")).await;
    assert_eq!(
        (code.as_str(), message.as_str(), payments),
        ("payment_refused", "the payment service answered 404", 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_asks_to_come_back_is_tried_again() {
    for status in [408, 425, 429, 500] {
        let (code, message, payments) = failure(move || Reply::Status(status, "")).await;
        assert_eq!((code.as_str(), payments), ("payment_unavailable", 2));
        assert_eq!(message, format!("the payment service answered {status}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_in_time_is_tried_again() {
    let (code, message, payments) = failure(|| Reply::Silence).await;
    assert_eq!(
        (code.as_str(), message.as_str(), payments),
        ("payment_unavailable", "no answer within 300ms", 2)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed() {
    let elsewhere = Shop::start().await;
    let location = elsewhere.url.clone();
    let (code, message, payments) = failure(move || Reply::Redirect(location.clone())).await;
    assert_eq!(
        (code.as_str(), message.as_str(), payments),
        ("payment_refused", "the payment service answered 307", 1)
    );
    assert!(elsewhere.calls().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_not_there_is_tried_again_and_its_address_is_not_told() {
    let world = World::start().await;
    let shop = Shop::start().await;
    world.place([1]).await;
    let worker = world
        .worker("w1", |config| {
            shop.serves(config);
            config.processor.max_attempts = 2;
            // A port that nobody listens on.
            config.pipeline.http.stock_url = "http://user:secret@127.0.0.1:1/stock".to_owned();
        })
        .await;
    let history = world.finished(1).await;
    assert_eq!(words(&history), ["processing 2", "retrying 3", "processing 4", "failed 5"]);
    let EventData::Failed(failed) = &history[3].data else { panic!("{history:?}") };
    assert_eq!(failed.reason.code, "stock_unavailable");
    assert_eq!(failed.reason.message, "the service can't be reached");
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_fulfilment_service_that_step_is_accepted() {
    let world = World::start().await;
    let shop = Shop::start().await;
    world.place([1]).await;
    let worker = world
        .worker("w1", |config| {
            shop.serves(config);
            config.pipeline.http.fulfilment_url = String::new();
        })
        .await;
    assert_eq!(words(&world.finished(1).await), ["processing 2", "completed 3"]);
    assert_eq!(shop.keys(1), ["stock", "payment"]);
    worker.drain().await;
}
