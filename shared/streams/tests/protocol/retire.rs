//! Consumers that are gone are removed, never with what is pending under their name.

use std::time::Duration;

use streams::{
    Subscription,
    janitor::retire,
    keys::{ORDER_API, Stream},
};

use crate::world::{World, ids, order, take};

async fn consumers(world: &World) -> Vec<String> {
    let status = streams::queue_status(&world.redis, 0).await.unwrap();
    status.workers.into_iter().map(|worker| worker.name).collect()
}

#[tokio::test]
async fn one_with_something_pending_stays_and_one_without_goes() {
    let world = World::start().await;
    world.publish(1..=2).await;
    let done = ids(&take(&mut world.worker("done"), 1).await);
    take(&mut world.worker("crashed"), 1).await;
    world.finish(&[streams::Finish { entry: done[0], order: Some(order(1)), effects: Vec::new() }]).await;
    assert_eq!(retire(&world.redis, 0, Duration::from_hours(1)).await.unwrap(), [""; 0]);
    assert_eq!(consumers(&world).await, ["crashed", "done"]);
    assert_eq!(retire(&world.redis, 0, Duration::ZERO).await.unwrap(), ["done"]);
    assert_eq!(consumers(&world).await, ["crashed"]);
    assert_eq!(world.pending().await.len(), 1);
    world.run::<()>("FLUSHALL").await;
    assert_eq!(retire(&world.redis, 0, Duration::ZERO).await.unwrap(), [""; 0]);
}

/// All services of one host are named after it: that one of them is gone must not make another one's last call forgotten.
#[tokio::test]
async fn with_a_worker_goes_its_last_call_and_with_a_namesake_it_stays() {
    let world = World::start().await;
    world.publish([1]).await;
    let held = ids(&take(&mut world.worker("host"), 1).await);
    let finish = streams::Finish { entry: held[0], order: Some(order(1)), effects: Vec::new() };
    let finisher = world.finisher("host");
    assert_eq!(finisher.finish(&finisher.call(), &[finish]).await.unwrap(), [true]);
    let calls = async || world.run::<i64>("HLEN orderflow:{0}:finished").await;

    let mut namesake = Subscription::new(&world.redis, Stream::Events, 0, ORDER_API, "host").unwrap();
    let read = ids(&take(&mut namesake, 1).await);
    namesake.ack(&read).await.unwrap();
    world.run::<i64>("XGROUP DELCONSUMER orderflow:{0}:queue order-processor host").await;
    assert_eq!(retire(&world.redis, 0, Duration::ZERO).await.unwrap(), ["host"]);
    assert_eq!(calls().await, 1);

    world.publish([2]).await;
    let held = ids(&take(&mut world.worker("host"), 1).await);
    let finish = streams::Finish { entry: held[0], order: Some(order(2)), effects: Vec::new() };
    assert_eq!(finisher.finish(&finisher.call(), &[finish]).await.unwrap(), [true]);
    assert_eq!(retire(&world.redis, 0, Duration::ZERO).await.unwrap(), ["host"]);
    assert_eq!(calls().await, 0);
}
