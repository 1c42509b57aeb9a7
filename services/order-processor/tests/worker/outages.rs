//! What a worker needs goes away and comes back: nothing is lost, nobody restarts anything.

use runtime::{Service, db};
use system_tests::{eventually, redis::PrivateRedis};

use crate::{orders::words, worker::Worker, world::World};

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_restarted_under_load() {
    let mut world = World::start().await;
    let worker = world.worker("w1", |config| config.pipeline.simulated.latency_ms = 5).await;
    world.place(1..=300).await;
    for _ in 0..2 {
        world.server.daemon.kill().await;
        world.server.daemon.start_ready().await;
        eventually("the worker is ready again", async || match worker.get("/readyz").await? {
            (200, _) => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await;
    }
    world.connected().await;
    // What Redis had not written to its disk when it was killed is published again; whatever it still has is skipped.
    world.place(1..=300).await;
    world.all_complete(1..=300).await;
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_may_start_before_redis() {
    let mut world = World::start().await;
    world.place([1]).await;
    let mut later = PrivateRedis::build();
    let mut config = world.config("early");
    config.redis.url = later.url();
    let early = Worker::start(config).await;
    assert_eq!(early.get("/healthz").await.unwrap().0, 200);
    assert_eq!(early.get("/readyz").await.unwrap().0, 503);
    later.daemon.start_ready().await;
    eventually("it is ready", async || match early.get("/readyz").await? {
        (200, _) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    early.drain().await;

    // One that never met Redis ends all the same.
    world.server.daemon.terminate().await;
    let waiting = world.worker("waiting", |_| {}).await;
    waiting.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_wait_while_the_ledger_can_not_be_written() {
    let world = World::start().await;
    let mut config = world.config("w1");
    config.database.busy_timeout_ms = 20;
    let database = config.database.clone();
    let worker = Worker::start(config).await;
    // Somebody else holds the database's write lock.
    let other = db::connect(&database, Service::OrderProcessor).await.unwrap();
    let lock = other.begin_write().await.unwrap();
    world.place(1..=10).await;
    eventually("the orders are announced", async || match world.events().await?.len() {
        20 => Ok(()),
        events => Err(events.to_string()),
    })
    .await;
    assert_eq!(world.pending().await, Ok(10));
    lock.rollback().await.unwrap();
    world.all_complete(1..=10).await;
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_full_is_worked_off() {
    let world = World::start().await;
    world.place(1..=40).await;
    world.run::<()>("CONFIG SET maxmemory 1").await;
    let worker = world.worker("w1", |_| {}).await;
    let events = world.all_complete(1..=40).await;
    // Nothing could be announced; what follows for an order does not need it.
    assert_eq!(events.len(), 80);
    assert_eq!(worker.metric("orderflow_orders_not_announced_total").await, Some(40.0));
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_loses_everything_and_the_orders_are_published_again() {
    let world = World::start().await;
    let worker = world.worker("w1", |_| {}).await;
    world.place([1]).await;
    assert_eq!(words(&world.finished(1).await), ["processing 2", "completed 3"]);
    world.run::<()>("FLUSHALL").await;
    world.place([2]).await;
    assert_eq!(words(&world.finished(2).await), ["processing 2", "completed 3"]);
    worker.drain().await;
}
