//! Redis loses data, in every way it can, and every order is worked on in the end: each once, as long as it has one message.

use std::collections::BTreeSet;

use contract::{CommandData, Step};
use fred::{
    interfaces::{ClientLike, StreamsInterface},
    types::{ClusterHash, CustomCommand},
};
use streams::{Effect, Redis};
use system_tests::eventually;

use crate::{
    worker::{Taken, Worker},
    world::{World, order},
};

async fn run(redis: &Redis, command: &str) {
    let mut words = command.split(' ').map(str::to_owned);
    let custom = CustomCommand::new(words.next().unwrap(), ClusterHash::FirstKey, false);
    let _: fred::types::Value = redis.client().custom(custom, words.collect::<Vec<_>>()).await.unwrap();
}

async fn published(redis: &Redis, count: usize) {
    eventually(&format!("{count} commands are there"), async || {
        let length: usize = redis.client().xlen(redis.keys().queue(0)).await.unwrap_or_default();
        if length >= count { Ok(()) } else { Err(format!("{length} are")) }
    })
    .await;
}

async fn place(world: &World, count: usize) -> BTreeSet<String> {
    let mut placed = BTreeSet::new();
    for _ in 0..count {
        placed.insert(world.api.placed().await);
    }
    placed
}

async fn all_completed(world: &World, placed: &BTreeSet<String>) {
    for order_id in placed {
        let order = world.api.get(&format!("/orders/{order_id}?wait=60")).await;
        assert_eq!(order.text_of("status"), "completed", "{}", order.text);
    }
}

/// In a Redis that was wiped, orders that waited, were in work or had been reported are told apart.
#[tokio::test(flavor = "multi_thread")]
async fn a_wiped_redis_gets_the_unfinished_orders_again_and_only_those() {
    let world = World::start().await;
    let redis = world.streams().await;
    let mut worker = Worker::new(&redis);
    let done = place(&world, 3).await;
    worker.complete(3).await;
    all_completed(&world, &done).await;
    let in_work = place(&world, 2).await;
    for taken in worker.take(2).await {
        assert!(worker.accept(&taken).await);
    }
    let waiting = place(&world, 4).await;
    published(&redis, 9).await;
    eventually("those in work are known to be", async || {
        let listed = world.api.get("/orders?status=processing").await.json();
        if listed["orders"].as_array().unwrap().len() == 2 { Ok(()) } else { Err(listed.to_string()) }
    })
    .await;

    run(&redis, "FLUSHALL").await;
    published(&redis, 6).await;
    let mut worker = Worker::new(&redis);
    let taken = worker.take(6).await;
    let again: BTreeSet<String> = taken.iter().map(|taken| taken.command.order_id().to_string()).collect();
    assert_eq!(again, &in_work | &waiting);
    for taken in &taken {
        let data = taken.data();
        let was_taken = in_work.contains(&taken.command.order_id().to_string());
        assert_eq!((data.attempt, data.life), (1, 1));
        assert_eq!(data.version, if was_taken { 2 } else { 1 });
        assert!(worker.accept(taken).await);
        worker.finish(taken, &taken.completed()).await;
    }
    all_completed(&world, &(&in_work | &waiting)).await;
    let length: usize = redis.client().xlen(redis.keys().queue(0)).await.unwrap();
    assert_eq!(length, 6, "no order came twice");
    let text = world.api.get("/metrics").await.text;
    assert!(
        text.contains("orderflow_redis_losses_total 1")
            && text.contains("orderflow_orders_republished_total 6")
    );
    eventually("the loss is noted as healed", async || {
        let text = world.api.get("/metrics").await.text;
        if text.contains("orderflow_redis_losses_healed_total 1") { Ok(()) } else { Err(text) }
    })
    .await;
}

/// Nobody places an order, and it is healed all the same; also when the service is started only afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn a_loss_while_order_api_was_away_is_found_at_its_start() {
    let mut world = World::start().await;
    let redis = world.streams().await;
    let placed = place(&world, 5).await;
    published(&redis, 5).await;
    eventually("the outbox is empty", async || {
        let status = world.api.get("/orders/status").await.json();
        if status["unpublished"] == 0 { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
    world.stop().await;
    run(&redis, "FLUSHALL").await;
    world.start_again().await;
    published(&redis, 5).await;
    Worker::new(&redis).complete(5).await;
    all_completed(&world, &placed).await;
}

/// What was finished, and its report lost with Redis, is worked on again: the versions go on, and it ends once.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_nobody_heard_of_is_reported_again() {
    let mut world = World::start().await;
    let redis = world.streams().await;
    let placed = place(&world, 1).await;
    published(&redis, 1).await;
    let mut worker = Worker::new(&redis);
    let taken = worker.take(1).await.remove(0);
    // order-api hears nothing of it.
    world.kill().await;
    assert!(worker.accept(&taken).await);
    worker.finish(&taken, &taken.completed()).await;
    run(&redis, "FLUSHALL").await;
    world.start_again().await;
    published(&redis, 1).await;
    Worker::new(&redis).complete(1).await;
    all_completed(&world, &placed).await;
}

/// Redis forgets a cancellation, and a worker is faster than the healing: the order stays cancelled, and what was done for it
/// is undone.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_order_that_was_completed_all_the_same_is_compensated() {
    undone_although_cancelled(Taken::completed, &[Step::Fulfilment, Step::Payment, Step::Stock]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_order_that_failed_all_the_same_is_compensated() {
    let failed = |taken: &Taken| {
        let mut failed = taken.failed();
        let contract::EventData::Failed(data) = &mut failed.data else { panic!("a failure") };
        data.compensating = vec![Step::Payment, Step::Stock];
        failed
    };
    undone_although_cancelled(failed, &[Step::Payment, Step::Stock]).await;
}

async fn undone_although_cancelled(end: impl Fn(&Taken) -> contract::Event, undone: &[Step]) {
    let world = World::start().await;
    let redis = world.streams().await;
    let order_id = world.api.placed().await;
    published(&redis, 1).await;
    let mut worker = Worker::new(&redis);
    let taken = worker.take(1).await.remove(0);
    // As if it had been cancelled, and Redis had lost that.
    let event = contract::Event::new(
        "/order-api",
        taken.command.order_id(),
        taken.processing().envelope.time,
        None,
        contract::EventData::Cancelled(contract::event::OrderCancelled {
            version: 2,
            placed_at: taken.data().placed_at,
        }),
    );
    worker.emit(&event).await;
    let order = world.api.get(&format!("/orders/{order_id}?wait=30")).await;
    assert_eq!(order.text_of("status"), "cancelled");
    worker.finish(&taken, &end(&taken)).await;

    let entry = worker.take_any().await;
    let CommandData::Compensate(undo) = &entry.command.data else { panic!("{:?}", entry.command) };
    assert_eq!(undo.steps, undone);
    let compensated = entry.compensated();
    assert!(worker.finish_with(&entry, vec![Effect::Event(compensated.to_fields())]).await);
    eventually("the timeline says so", async || {
        let timeline = world.api.get(&format!("/orders/{order_id}/events")).await.text;
        if timeline.contains("order.compensated") { Ok(()) } else { Err(timeline) }
    })
    .await;
    let order = world.api.get(&format!("/orders/{order_id}")).await;
    assert_eq!(order.text_of("status"), "cancelled");
}

/// What failed is undone from here, once its failure is accepted as its end.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_failed_order_names_is_undone_in_that_order() {
    let world = World::start().await;
    let redis = world.streams().await;
    let order_id = world.api.placed().await;
    let mut worker = Worker::new(&redis);
    let taken = worker.take_any().await;
    assert!(worker.accept(&taken).await);
    let mut failed = taken.failed();
    let contract::EventData::Failed(data) = &mut failed.data else { panic!("a failure") };
    data.compensating = vec![Step::Payment, Step::Stock];
    worker.finish(&taken, &failed).await;

    let undo = worker.take_any().await;
    let CommandData::Compensate(data) = &undo.command.data else { panic!("{:?}", undo.command) };
    assert_eq!((&data.steps[..], data.version), (&[Step::Payment, Step::Stock][..], 3));
    // The event comes again: no second compensation while there is one.
    worker.emit(&failed).await;
    eventually("it is seen", async || {
        let text = world.api.get("/metrics").await.text;
        let seen = text.contains("orderflow_events_consumed_total{type=\"order.failed\"} 2");
        let status = world.api.get("/orders/status").await.json();
        if seen && status["unpublished"] == 0 { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
    let refused = world.api.post(&format!("/orders/{order_id}/retry"), &serde_json::json!({})).await;
    assert_eq!(refused.text_of("code"), "compensating");
    assert!(worker.finish_with(&undo, vec![Effect::Event(undo.compensated().to_fields())]).await);
    worker.emit(&failed).await;
    eventually("it may be retried", async || {
        let answer = world.api.post(&format!("/orders/{order_id}/retry"), &serde_json::json!({})).await;
        if answer.status == 200 { Ok(()) } else { Err(answer.text) }
    })
    .await;
    let again = worker.take_any().await;
    assert_eq!((again.data().life, again.data().attempt), (5, 1), "a new life, and nothing else came");
    let length: usize = redis.client().xlen(redis.keys().queue(0)).await.unwrap();
    assert_eq!(length, 3, "placed, undone, retried");
}

/// Redis comes back from before the end of a completed order, and this time it fails: nothing is undone.
#[tokio::test(flavor = "multi_thread")]
async fn a_completed_order_is_never_undone() {
    let world = World::start().await;
    let redis = world.streams().await;
    let order_id = world.api.placed().await;
    let mut worker = Worker::new(&redis);
    let taken = worker.take_any().await;
    worker.finish(&taken, &taken.completed()).await;
    assert_eq!(world.api.get(&format!("/orders/{order_id}?wait=30")).await.text_of("status"), "completed");
    let mut failed = taken.failed();
    let contract::EventData::Failed(data) = &mut failed.data else { panic!("a failure") };
    (data.version, data.compensating) = (9, vec![Step::Payment]);
    worker.emit(&failed).await;
    let next = world.api.placed().await;
    worker.complete(1).await;
    assert_eq!(world.api.get(&format!("/orders/{next}?wait=30")).await.text_of("status"), "completed");
    let length: usize = redis.client().xlen(redis.keys().queue(0)).await.unwrap();
    assert_eq!(length, 2, "something was to be undone");
    assert_eq!(world.api.get(&format!("/orders/{order_id}")).await.text_of("status"), "completed");
}

/// Redis has lost something since the order was placed: whether a worker had it nobody can say.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_cancelled_after_a_loss_is_undone_as_well() {
    let world = World::start().await;
    let redis = world.streams().await;
    let order_id = world.api.placed().await;
    published(&redis, 1).await;
    run(&redis, "FLUSHALL").await;
    published(&redis, 1).await;
    let answer = world.api.post(&format!("/orders/{order_id}/cancel"), &serde_json::json!({})).await;
    assert_eq!((answer.status.as_u16(), answer.text_of("status")), (200, "cancelled".to_owned()));
    let mut worker = Worker::new(&redis);
    let cancelled = worker.take_any().await;
    assert!(!worker.accept(&cancelled).await);
    let undo = worker.take_any().await;
    let CommandData::Compensate(data) = &undo.command.data else { panic!("{:?}", undo.command) };
    assert_eq!(data.steps, [Step::Fulfilment, Step::Payment, Step::Stock]);
    assert!(worker.finish_with(&undo, vec![Effect::Event(undo.compensated().to_fields())]).await);
    eventually("the timeline says so", async || {
        let timeline = world.api.get(&format!("/orders/{order_id}/events")).await.text;
        if timeline.contains("order.compensated") { Ok(()) } else { Err(timeline) }
    })
    .await;
}

/// Nobody sees it happen: one message is gone, and Redis looks as it should.
#[tokio::test(flavor = "multi_thread")]
async fn the_slow_sweep_finds_a_single_lost_message() {
    let world = World::start_with(|config| {
        config.heal.interval_ms = 200;
        config.heal.age_ms = 100;
    })
    .await;
    let redis = world.streams().await;
    let placed = place(&world, 3).await;
    published(&redis, 3).await;
    let mut worker = Worker::new(&redis);
    let taken = worker.take(3).await;
    // Two are worked on for long; the third is acknowledged by a program that does not know the protocol.
    let (queue, entry, order) = (redis.keys().queue(0), taken[2].entry.id, taken[2].command.order_id());
    run(&redis, &format!("XACK {queue} order-processor {entry}")).await;
    run(&redis, &format!("HDEL {} {order}", redis.keys().live(0))).await;
    let mut other = Worker::named(&redis, "worker-2");
    let again = other.take(1).await.remove(0);
    assert_eq!(again.command.order_id(), order);
    for taken in &taken[..2] {
        assert!(worker.accept(taken).await);
        worker.finish(taken, &taken.completed()).await;
    }
    assert!(other.accept(&again).await);
    other.finish(&again, &again.completed()).await;
    all_completed(&world, &placed).await;
    let length: usize = redis.client().xlen(redis.keys().queue(0)).await.unwrap();
    assert_eq!(length, 4, "an order that is in work got a second message");
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_that_are_destroyed_are_made_again_and_nothing_is_missed() {
    let world = World::start().await;
    let redis = world.streams().await;
    let mut worker = Worker::new(&redis);
    for _ in 0..3 {
        let placed = place(&world, 3).await;
        worker.complete(3).await;
        run(&redis, &format!("XGROUP DESTROY {} order-api", redis.keys().events(0))).await;
        all_completed(&world, &placed).await;
    }
    let answer = world.api.post("/orders", &order()).await;
    assert_eq!(answer.status, 201);
}
