//! Cancelling: an order is cancelled and never worked on, or a worker was faster and the client is told so.

use std::collections::BTreeSet;

use contract::{Event, EventData, OrderId, command::process_id, event::OrderCancelled};
use fred::interfaces::{ClientLike, HashesInterface, StreamsInterface};
use fred::types::{ClusterHash, CustomCommand, Value};
use futures_util::{StreamExt, future::join_all, stream};
use serde_json::json;
use streams::{
    Redis,
    cancel::{Cancellation, Cancelled, cancel},
};
use system_tests::eventually;

use crate::{
    follow::kinds,
    worker::{Taken, Worker},
    world::{Answer, World},
};

/// Asks until that can be told: an order that was placed a moment ago may not be published yet.
pub(crate) async fn cancelled(world: &World, order_id: &str) -> Answer {
    eventually("it can be told", async || {
        let answer = world.api.act(&format!("/orders/{order_id}/cancel")).await;
        if answer.status == 503 { Err(answer.text) } else { Ok(answer) }
    })
    .await
}

/// How much Redis may hold; above that it takes nothing more. 0: no limit.
pub(crate) async fn limit_memory(redis: &Redis, bytes: u64) {
    let set = CustomCommand::new("CONFIG", ClusterHash::FirstKey, false);
    let arguments = vec!["SET".to_owned(), "maxmemory".to_owned(), bytes.to_string()];
    let _: Value = redis.client().custom(set, arguments).await.unwrap();
}

async fn cancellations(world: &World) -> usize {
    let redis = world.streams().await;
    let events: Vec<(String, Vec<String>)> =
        redis.client().xrange(redis.keys().events(0), "-", "+", None).await.unwrap();
    events.iter().filter(|(_, fields)| fields.iter().any(|text| text == "order.cancelled")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_worker_has_is_cancelled_and_never_worked_on() {
    let world = World::start().await;
    let order_id = world.api.placed().await;
    let waiting =
        tokio::spawn(Answer::of(world.api.http.get(world.api.url(&format!("/orders/{order_id}?wait=60")))));
    let answer = cancelled(&world, &order_id).await;
    assert_eq!((answer.status.as_u16(), answer.text_of("status").as_str()), (200, "cancelled"), "{answer:?}");
    let order = answer.json();
    assert_eq!(
        (&order["attempts"], &order["completed_at"], &order["failure_reason"]),
        (&json!(0), &json!(null), &json!(null))
    );
    assert_eq!(waiting.await.unwrap().json(), order, "whoever waits is told");
    assert_eq!(world.api.get(&format!("/orders/{order_id}")).await.json(), order);
    assert_eq!(kinds(&world, &order_id).await, ["order.placed", "order.cancelled"]);

    let mut worker = Worker::new(&world.streams().await);
    let taken = worker.take(1).await.remove(0);
    assert!(!worker.accept(&taken).await, "a worker took it");
    // The next order shows that the events were applied by then.
    let next = world.api.placed().await;
    worker.complete(1).await;
    assert_eq!(world.api.get(&format!("/orders/{next}?wait=60")).await.text_of("status"), "completed");
    assert_eq!(world.api.get(&format!("/orders/{order_id}")).await.json(), order);
    assert_eq!(kinds(&world, &order_id).await, ["order.placed", "order.cancelled"]);
    let listed = world.api.get("/orders?status=cancelled").await.json();
    assert_eq!(listed["orders"], json!([order]));
    let counted = world.api.get("/metrics").await.text;
    assert!(counted.contains("orderflow_events_consumed_total{type=\"order.cancelled\"} 1"), "{counted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_has_or_had_is_not_cancelled() {
    let world = World::start().await;
    let mut worker = Worker::new(&world.streams().await);
    let order_id = world.api.placed().await;
    let refused = async |code: &str| {
        let answer = cancelled(&world, &order_id).await;
        assert_eq!((answer.status.as_u16(), answer.text_of("code").as_str()), (409, code), "{answer:?}");
    };
    let taken = worker.take(1).await.remove(0);
    refused("already_started").await;
    assert!(worker.accept(&taken).await, "what was refused has no effect");
    refused("already_started").await;
    worker.finish(&taken, &taken.completed()).await;
    world.api.get(&format!("/orders/{order_id}?wait=60")).await;
    refused("already_completed").await;

    let order_id = world.api.placed().await;
    let taken = worker.take(1).await.remove(0);
    worker.finish(&taken, &taken.failed()).await;
    world.api.get(&format!("/orders/{order_id}?wait=60")).await;
    let answer = world.api.act(&format!("/orders/{order_id}/cancel/")).await;
    assert_eq!((answer.status.as_u16(), answer.text_of("code").as_str()), (409, "already_failed"));
    assert_eq!(cancellations(&world).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_is_answered_alike_also_at_the_same_moment() {
    let world = World::start().await;
    let order_id = world.api.placed().await;
    let answers = join_all((0..30).map(|_| cancelled(&world, &order_id))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    // Given to a worker, and laid aside: cancelled it stays.
    let mut worker = Worker::new(&world.streams().await);
    let taken = worker.take(1).await.remove(0);
    let before = world.api.act(&format!("/orders/{order_id}/cancel")).await;
    assert!(!worker.accept(&taken).await);
    let after = world.api.act(&format!("/orders/{order_id}/cancel/")).await;
    assert_eq!((before.status.as_u16(), &before.text), (200, &after.text));
    assert_eq!(cancellations(&world).await, 1);
}

/// A worker takes orders as fast as it can while each of them is cancelled.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_worker_and_a_client_at_the_same_moment_one_wins() {
    const ORDERS: usize = 150;
    let world = World::start().await;
    let mut placed = Vec::new();
    for _ in 0..ORDERS {
        placed.push(world.api.placed().await);
    }
    let mut worker = Worker::new(&world.streams().await);
    let working = async {
        let (mut seen, mut worked_on) = (0, BTreeSet::new());
        while seen < ORDERS {
            let batch: Vec<Taken> = worker.take((1 + seen % 5).min(ORDERS - seen)).await;
            seen += batch.len();
            for taken in batch {
                if worker.accept(&taken).await {
                    worker.finish(&taken, &taken.completed()).await;
                    worked_on.insert(taken.command.order_id().to_string());
                }
            }
        }
        worked_on
    };
    // Some before the worker comes by, some while it has them, some after; eight at a time.
    let world_of = &world;
    let asked = (0..ORDERS).map(|number| &placed[number * 67 % ORDERS]);
    let cancelling = stream::iter(asked)
        .map(|order_id| async move {
            let answer = cancelled(world_of, order_id).await;
            assert!(answer.status == 200 || answer.text_of("code").starts_with("already_"), "{answer:?}");
            (answer.status == 200).then(|| order_id.clone())
        })
        .buffer_unordered(8)
        .filter_map(std::future::ready)
        .collect::<BTreeSet<String>>();
    let (worked_on, cancelled_ones) = tokio::join!(working, cancelling);
    assert_eq!(worked_on.len() + cancelled_ones.len(), ORDERS);
    for order_id in &placed {
        let order = world.api.get(&format!("/orders/{order_id}?wait=60")).await;
        let expected = if cancelled_ones.contains(order_id) { "cancelled" } else { "completed" };
        assert_eq!(order.text_of("status"), expected, "{order_id}");
        assert_eq!(worked_on.contains(order_id), expected == "completed", "{order_id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_it_can_not_be_told() {
    let mut world = World::start_without_redis().await;
    let order_id = world.api.placed().await;
    let answer = world.api.act(&format!("/orders/{order_id}/cancel")).await;
    assert_eq!((answer.status.as_u16(), answer.text_of("code").as_str()), (503, "redis_unavailable"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    world.redis.daemon.start_ready().await;
    assert_eq!(cancelled(&world, &order_id).await.text_of("status"), "cancelled");
    world.redis.daemon.kill().await;
    let again = world.api.act(&format!("/orders/{order_id}/cancel")).await;
    assert_eq!(again.text_of("status"), "cancelled", "what is decided needs no Redis");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_without_a_message_is_told_from_one_that_lost_it() {
    let world = World::start().await;
    let redis = world.streams().await;
    let refused = async |order_id: &str, code: &str| {
        eventually(code, async || {
            let answer = world.api.act(&format!("/orders/{order_id}/cancel")).await;
            assert_eq!(
                (answer.status.as_u16(), answer.header("retry-after")),
                (503, Some("1")),
                "{answer:?}"
            );
            if answer.text_of("code") == code { Ok(()) } else { Err(answer.text) }
        })
        .await;
    };
    // A Redis that is full takes no messages.
    limit_memory(&redis, 1).await;
    let waiting = world.api.placed().await;
    refused(&waiting, "not_published").await;
    limit_memory(&redis, 0).await;
    assert_eq!(cancelled(&world, &waiting).await.status, 200);

    let lost = world.api.placed().await;
    eventually("it is published", async || {
        let status = world.api.get("/orders/status").await.json();
        if status["unpublished"] == 0 { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
    let removed: i64 = redis.client().hdel(redis.keys().live(0), &lost).await.unwrap();
    assert_eq!(removed, 1);
    refused(&lost, "message_lost").await;
}

/// The process dies when Redis has cancelled the order and the database does not know yet.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_after_redis_has_decided_changes_nothing() {
    let mut world = World::start().await;
    let redis = world.streams().await;
    let placed = [world.api.placed().await, world.api.placed().await];
    eventually("they are published", async || {
        let live: usize = redis.client().hlen(redis.keys().live(0)).await.unwrap();
        if live == 2 { Ok(()) } else { Err(format!("{live} are")) }
    })
    .await;
    world.kill().await;
    for order_id in &placed {
        let order_id: OrderId = order_id.parse().unwrap();
        let data = EventData::Cancelled(OrderCancelled { version: 2, placed_at: order_id.time() });
        let event = Event::new("/order-api", order_id, order_id.time(), None, data);
        let (command, event) = (process_id(order_id, 1), event.to_fields());
        let cancellation = Cancellation { order: order_id, command: &command, expected: None, event: &event };
        assert_eq!(cancel(&redis, &cancellation).await.unwrap(), Cancelled::Now);
    }
    world.start_again().await;
    // One is asked for again, perhaps before its event is applied; the other is just followed.
    assert_eq!(cancelled(&world, &placed[0]).await.text_of("status"), "cancelled");
    for order_id in &placed {
        let order = world.api.get(&format!("/orders/{order_id}?wait=60")).await;
        assert_eq!(order.text_of("status"), "cancelled");
        assert_eq!(kinds(&world, order_id).await, ["order.placed", "order.cancelled"]);
    }
    let mut worker = Worker::new(&redis);
    for taken in worker.take(2).await {
        assert!(!worker.accept(&taken).await, "a worker took it");
    }
    assert_eq!(cancellations(&world).await, 2);
}
