//! How far behind a group is, whatever state Redis is in.

use streams::{
    Subscription,
    keys::{METRICS_SERVICE, Stream},
    lag::{Lag, lag},
};

use crate::world::{World, ids, read, within_deadline};

async fn of_events(world: &World) -> Lag {
    lag(&world.redis, Stream::Events, 0, METRICS_SERVICE).await.unwrap()
}

#[tokio::test]
async fn what_waits_and_what_is_in_hand_are_told_apart() {
    let world = World::start().await;
    assert_eq!(of_events(&world).await, Lag { undelivered: Some(0), unacknowledged: 0 });
    world.publish(1..=10).await;
    assert_eq!(of_events(&world).await, Lag { undelivered: Some(10), unacknowledged: 0 });

    let mut reader = Subscription::new(&world.redis, Stream::Events, 0, METRICS_SERVICE, "m").unwrap();
    let held = ids(&within_deadline(reader.next(4)).await.unwrap());
    assert_eq!(of_events(&world).await, Lag { undelivered: Some(6), unacknowledged: 4 });
    reader.ack(&held).await.unwrap();
    let held = ids(&read(&mut reader, 6).await);
    reader.ack(&held).await.unwrap();
    assert_eq!(of_events(&world).await, Lag { undelivered: Some(0), unacknowledged: 0 });
}

#[tokio::test]
async fn what_redis_does_not_know_is_not_guessed() {
    let world = World::start().await;
    world.publish(1..=3).await;
    let first = world.events().await[1].id;
    world.run::<i64>(&format!("XDEL orderflow:{{0}}:events {first}")).await;
    assert_eq!(of_events(&world).await.undelivered, None, "lost count");
    world.run::<i64>("XGROUP DESTROY orderflow:{0}:events metrics-service").await;
    assert_eq!(of_events(&world).await, Lag::default(), "no group");
    world.run::<String>("FLUSHALL").await;
    assert_eq!(of_events(&world).await, Lag::default(), "no stream");
}
