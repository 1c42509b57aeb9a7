//! Whoever placed an order is told how it ended.

use std::collections::HashSet;

use order_api::Config;
use serde_json::{Value, json};
use system_tests::{eventually, postgres::PrivatePostgres};

use crate::{
    receiver::{Receiver, SECRET},
    worker::Worker,
    world::{Answer, Api, World, order},
};

fn on(config: &mut Config) {
    SECRET.clone_into(&mut config.webhooks.secret.0);
    config.webhooks.allow_private = true;
    config.webhooks.first_retry_ms = 10;
    config.webhooks.timeout_ms = 500;
}

fn order_for(url: &str) -> Value {
    let mut order = order();
    order["callback_url"] = json!(url);
    order
}

async fn placed_for(world: &World, url: &str) -> String {
    let answer = world.api.post("/orders", &order_for(url)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.text_of("order_id")
}

async fn log(world: &World, order_id: &str) -> Value {
    world.api.get(&format!("/orders/{order_id}/webhooks")).await.json()
}

/// The order's only delivery, once it stands so.
async fn delivery(world: &World, order_id: &str, state: &str) -> Value {
    eventually("the delivery is in its state", async || {
        let log = log(world, order_id).await;
        let webhook = log["webhooks"][0].clone();
        if webhook["state"] == state { Ok(webhook) } else { Err(log.to_string()) }
    })
    .await
}

fn statuses(webhook: &Value) -> Vec<Value> {
    webhook["attempts"].as_array().unwrap().iter().map(|attempt| attempt["status"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_names_a_callback_is_told_of_and_others_are_not() {
    let world = World::start_with(on).await;
    let receiver = Receiver::start(&[]).await;
    world.api.placed().await;
    let order_id = placed_for(&world, &receiver.url).await;
    assert_eq!(log(&world, &order_id).await["callback_url"], receiver.url);
    Worker::new(&world.streams().await).complete(2).await;
    let message = receiver.got(1).await.remove(0);
    assert!(message.is_signed_with(SECRET), "{message:?}");
    assert_eq!(message.header("content-type"), "application/json");
    let body = message.json();
    assert_eq!((&body["type"], &body["data"]["order_id"]), (&json!("order.completed"), &json!(order_id)));
    assert_eq!(body["data"]["total_amount"], json!(99.99));
    let timeline = world.api.get(&format!("/orders/{order_id}/events")).await.json();
    let last = &timeline["events"][2];
    assert_eq!((&body["timestamp"], &body["data"]["event"]), (&last["time"], &last["data"]));

    let webhook = delivery(&world, &order_id, "delivered").await;
    assert_eq!(webhook["webhook_id"], message.header("webhook-id"));
    assert_eq!((statuses(&webhook), &webhook["next_attempt_at"]), (vec![json!(204)], &Value::Null));
    assert_eq!(receiver.messages().len(), 1);
    let metrics = world.api.get("/metrics").await.text;
    assert!(metrics.contains(r#"orderflow_webhook_deliveries_total{outcome="delivered"} 1"#), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_fails_is_asked_again_and_knows_what_it_had() {
    let world = World::start_with(on).await;
    let answers =
        ["500 Broken\r\n", "302 Found\r\nlocation: /elsewhere\r\n", "503 Later\r\nretry-after: 1\r\n"];
    let receiver = Receiver::start(&answers).await;
    let order_id = placed_for(&world, &receiver.url).await;
    Worker::new(&world.streams().await).complete(1).await;
    let messages = receiver.got(4).await;
    let id = messages[0].header("webhook-id");
    assert!(
        messages.iter().all(|message| message.header("webhook-id") == id && message.is_signed_with(SECRET))
    );
    let seconds = |index: usize| messages[index].header("webhook-timestamp").parse::<i64>().unwrap();
    assert!(seconds(3) > seconds(2), "it is asked again when it said");
    let webhook = delivery(&world, &order_id, "delivered").await;
    assert_eq!(statuses(&webhook), [500, 302, 503, 204]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_is_not_asked_again() {
    let world = World::start_with(on).await;
    let receiver = Receiver::start(&["410 Gone\r\n"]).await;
    let order_id = placed_for(&world, &receiver.url).await;
    Worker::new(&world.streams().await).complete(1).await;
    assert_eq!(statuses(&delivery(&world, &order_id, "gone").await), [410]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_receiver_holds_up_nobody_else() {
    let world = World::start_with(|config| {
        on(config);
        config.webhooks.timeout_ms = 60_000;
        config.webhooks.concurrency = 3;
        config.webhooks.per_receiver = 2;
    })
    .await;
    let (slow, quick) = (Receiver::start(&[""; 5]).await, Receiver::start(&[]).await);
    for _ in 0..5 {
        placed_for(&world, &slow.url).await;
    }
    for _ in 0..5 {
        placed_for(&world, &quick.url).await;
    }
    Worker::new(&world.streams().await).complete(10).await;
    quick.got(5).await;
    assert_eq!(slow.got(2).await.len(), 2, "as many as there are places for one receiver");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_to_be_told_is_told_after_a_crash() {
    let mut world = World::start_with(on).await;
    let receiver = Receiver::start(&["500 Broken\r\nretry-after: 2\r\n"]).await;
    let order_id = placed_for(&world, &receiver.url).await;
    let key = world.api.post_once("/orders", "key", &order_for(&receiver.url)).await;
    Worker::new(&world.streams().await).complete(2).await;
    receiver.got(2).await;
    world.kill().await;
    world.start_again().await;
    delivery(&world, &order_id, "delivered").await;
    delivery(&world, &key.text_of("order_id"), "delivered").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_share_the_work() {
    const ORDERS: usize = 60;
    let postgres = PrivatePostgres::start().await;
    let url = postgres.url();
    let world = World::start_with(move |config| {
        on(config);
        // An answer may be late on a busy machine, and a repeat would be right then.
        config.webhooks.timeout_ms = 60_000;
        config.database.url = url;
    })
    .await;
    let mut config = world.config().clone();
    "api-2".clone_into(&mut config.instance);
    let other = Api::start(config).await;
    let receiver = Receiver::start(&[]).await;
    let orders: Vec<Value> = (0..ORDERS).map(|_| order_for(&receiver.url)).collect();
    let placed = world.api.post("/orders/batch", &json!({ "orders": orders })).await.json();
    Worker::new(&world.streams().await).complete(ORDERS).await;
    for result in placed["results"].as_array().unwrap() {
        delivery(&world, result["order"]["order_id"].as_str().unwrap(), "delivered").await;
    }
    let messages = receiver.messages();
    let ids: HashSet<&str> = messages.iter().map(|message| message.header("webhook-id")).collect();
    assert_eq!((messages.len(), ids.len()), (ORDERS, ORDERS), "each once");
    let mut sent = 0;
    for api in [&world.api, &other] {
        let metrics = api.get("/metrics").await.text;
        let name = r#"orderflow_webhook_deliveries_total{outcome="delivered"} "#;
        let count = metrics.lines().find_map(|line| line.strip_prefix(name));
        sent += count.map_or(0, |count| count.parse::<usize>().unwrap());
    }
    assert_eq!(sent, ORDERS);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_url_may_be_told_of_all_orders_and_two_secrets_sign() {
    let receiver = Receiver::start(&[]).await;
    let other = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
    let url = receiver.url.clone();
    let world = World::start_with(move |config| {
        on(config);
        config.webhooks.url = url;
        config.webhooks.secret.0 = format!("{other} {SECRET}");
        config.webhooks.events = vec!["order.cancelled".to_owned(), "order.failed".to_owned()];
    })
    .await;
    let (first, second) = (world.api.placed().await, world.api.placed().await);
    world.api.placed().await;
    eventually("it can be cancelled", async || {
        let answer = world.api.act(&format!("/orders/{first}/cancel")).await;
        if answer.status == 200 { Ok(()) } else { Err(answer.text) }
    })
    .await;
    let mut worker = Worker::new(&world.streams().await);
    for taken in worker.take(3).await {
        if !worker.accept(&taken).await {
            continue;
        }
        let failed = taken.command.order_id().to_string() == second;
        worker.finish(&taken, &if failed { taken.failed() } else { taken.completed() }).await;
    }
    let mut told: Vec<String> = Vec::new();
    for message in receiver.got(2).await {
        assert!(message.is_signed_with(other) && message.is_signed_with(SECRET), "{message:?}");
        told.push(format!("{} {}", message.json()["type"], message.json()["data"]["order_id"]));
    }
    told.sort();
    let expected = [format!(r#""order.cancelled" "{first}""#), format!(r#""order.failed" "{second}""#)];
    assert_eq!(told, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_inside_is_ever_connected_to() {
    let world = World::start_with(|config| {
        on(config);
        config.webhooks.allow_private = false;
    })
    .await;
    let receiver = Receiver::start(&[]).await;
    let port = receiver.url.rsplit(':').next().unwrap();
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254"] {
        let refused = world.api.post("/orders", &order_for(&format!("http://{host}:{port}"))).await;
        assert_eq!((refused.status.as_u16(), refused.text_of("code")), (422, "validation_failed".to_owned()));
        assert_eq!(refused.json()["errors"][0]["field"], "callback_url");
    }
    // A name tells nothing until it is resolved.
    let order_id = placed_for(&world, &format!("http://localhost:{port}")).await;
    Worker::new(&world.streams().await).complete(1).await;
    let attempt = eventually("it was tried", async || {
        let log = log(&world, &order_id).await;
        let attempt = log["webhooks"][0]["attempts"][0].clone();
        if attempt.is_object() { Ok(attempt) } else { Err(log.to_string()) }
    })
    .await;
    assert_eq!(attempt["error"], "the address is not on the public Internet", "{attempt}");
    assert!(receiver.messages().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_secret_a_callback_is_refused() {
    let world = World::start().await;
    let refused = world.api.post("/orders", &order_for("https://example.com/hook")).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    assert_eq!(refused.json()["errors"][0]["field"], "callback_url");
    let many = json!({"orders": [order(), order_for("https://example.com/hook")]});
    let answer: Answer = world.api.post("/orders/batch", &many).await;
    assert_eq!((&answer.json()["accepted"], &answer.json()["refused"]), (&json!(1), &json!(1)));
    let none = world.api.get("/orders/ORD-019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b/webhooks").await;
    assert_eq!(none.status, 404);
}
