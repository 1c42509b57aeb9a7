//! An order that was cancelled before a worker had it is never worked on, nor is a message that does not speak for its order.

use streams::{cancel::Cancelled, keys::ORDER_PROCESSOR};

use crate::{
    orders::{command, order_id, words},
    shop::Shop,
    worker::Worker,
    world::World,
};

const LAID_ASIDE: &str = "orderflow_orders_laid_aside_total";

/// Nothing was called for the order, and nothing of it is left.
async fn was_never_worked_on(world: &World, worker: Worker, shop: &Shop, number: u32) {
    worker.counts(LAID_ASIDE, 1.0).await;
    worker.counts("orderflow_orders_in_hand", 0.0).await;
    world.nothing_is_pending().await;
    worker.drain().await;
    assert!(shop.calls_for(number).is_empty(), "{:?}", shop.calls());
    assert_eq!(words(&world.history(number).await.unwrap()), ["cancelled 2"]);
    assert_eq!(world.run::<i64>("EXISTS orderflow:{0}:cancelled").await, 0);
    assert_eq!(world.run::<i64>("HLEN orderflow:{0}:live").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn before_its_delivery() {
    let (world, shop) = (World::start().await, Shop::start().await);
    world.place(1..=3).await;
    assert_eq!(world.cancel(2).await, Cancelled::Now);
    let worker = world.worker("w1", |config| shop.serves(config)).await;
    for number in [1, 3] {
        assert_eq!(words(&world.finished(number).await), ["processing 2", "completed 3"]);
    }
    was_never_worked_on(&world, worker, &shop, 2).await;
    assert_eq!(world.ledger("w1").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_its_worker_crashed_right_after_the_delivery() {
    let (world, shop) = (World::start().await, Shop::start().await);
    world.place([1]).await;
    assert_eq!(world.cancel(1).await, Cancelled::Now);
    world.deliver("w1", 1).await;
    let worker = world.worker("w1", |config| shop.serves(config)).await;
    was_never_worked_on(&world, worker, &shop, 1).await;
    assert!(world.ledger("w1").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn when_it_is_taken_over_from_a_worker_that_is_gone() {
    let (world, shop) = (World::start().await, Shop::start().await);
    world.place([1]).await;
    assert_eq!(world.cancel(1).await, Cancelled::Now);
    world.deliver("gone", 1).await;
    let worker = world
        .worker("w1", |config| {
            shop.serves(config);
            config.processor.reclaim_idle_ms = 1_000;
        })
        .await;
    worker.counts("orderflow_orders_reclaimed_total", 1.0).await;
    was_never_worked_on(&world, worker, &shop, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_redis_is_full() {
    let (world, shop) = (World::start().await, Shop::start().await);
    world.place(1..=4).await;
    assert_eq!(world.cancel(2).await, Cancelled::Now);
    world.run::<()>("CONFIG SET maxmemory 1").await;
    let worker = world.worker("w1", |config| shop.serves(config)).await;
    for number in [1, 3, 4] {
        assert_eq!(words(&world.finished(number).await).last().map(String::as_str), Some("completed 3"));
    }
    was_never_worked_on(&world, worker, &shop, 2).await;
}

/// Two workers were given it, one of them after a stall. The other one lays it aside before this one can ask.
#[tokio::test(flavor = "multi_thread")]
async fn when_another_worker_has_laid_it_aside() {
    let (world, shop) = (World::start().await, Shop::start().await);
    world.place([1]).await;
    assert_eq!(world.cancel(1).await, Cancelled::Now);
    world.run::<()>("ACL SETUSER default -evalsha").await;
    let worker = world.worker("w1", |config| shop.serves(config)).await;
    worker.counts("orderflow_orders_not_announced_total", 1.0).await;
    let queue = world.redis.keys().queue(0);
    let listed: Vec<(String, String, i64, i64)> =
        world.run(&format!("XPENDING {queue} {ORDER_PROCESSOR} - + 1")).await;
    let (entry, id) = (&listed[0].0, order_id(1));
    assert_eq!(world.run::<i64>(&format!("XACK {queue} {ORDER_PROCESSOR} {entry}")).await, 1);
    assert_eq!(world.run::<i64>(&format!("SREM orderflow:{{0}}:cancelled {entry}")).await, 1);
    assert_eq!(world.run::<i64>(&format!("HDEL orderflow:{{0}}:live {id}")).await, 1);
    world.run::<()>("ACL SETUSER default +evalsha").await;
    was_never_worked_on(&world, worker, &shop, 1).await;
    assert!(world.ledger("w1").await.is_empty());
}

/// Not cancelled, but in the queue beside the one message that speaks for the order.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_not_the_live_one_of_its_order_is_laid_aside() {
    let (world, shop) = (World::start().await, Shop::start().await);
    world.place([1]).await;
    let stray = command(1).to_fields();
    let stray: Vec<(&str, &str)> = stray.iter().map(|(name, value)| (*name, value.as_str())).collect();
    world.add(&stray).await;
    let worker = world.worker("w1", |config| shop.serves(config)).await;
    world.all_complete(1..=1).await;
    worker.counts(LAID_ASIDE, 1.0).await;
    worker.counts("orderflow_orders_in_hand", 0.0).await;
    worker.drain().await;
    assert_eq!(words(&world.history(1).await.unwrap()), ["processing 2", "completed 3"]);
    assert_eq!(shop.keys(1), ["stock", "payment", "fulfilment"]);
    assert_eq!(world.ledger("w1").await.len(), 1);
}

/// Redis gives messages, and does not say whether they were cancelled.
#[tokio::test(flavor = "multi_thread")]
async fn without_an_answer_no_work_begins() {
    let (world, shop) = (World::start().await, Shop::start().await);
    world.place([1]).await;
    world.run::<()>("ACL SETUSER default -evalsha").await;
    let worker = world.worker("w1", |config| shop.serves(config)).await;
    worker.counts("orderflow_orders_not_announced_total", 1.0).await;
    assert_eq!(world.pending().await, Ok(1));
    assert!(shop.calls().is_empty());
    world.run::<()>("ACL SETUSER default +evalsha").await;
    assert_eq!(words(&world.finished(1).await), ["completed 3"]);
    worker.drain().await;
}
