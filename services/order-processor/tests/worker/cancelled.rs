//! An order that was cancelled before a worker had it is never worked on.

use streams::cancel::Cancelled;

use crate::{orders::words, shop::Shop, worker::Worker, world::World};

const CANCELLED: &str = "orderflow_orders_cancelled_before_work_total";

/// Nothing was called for the order, and nothing of it is left.
async fn was_never_worked_on(world: &World, worker: Worker, shop: &Shop, number: u32) {
    worker.counts(CANCELLED, 1.0).await;
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
