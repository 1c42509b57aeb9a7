//! Streams stay bounded, and nothing is trimmed that some group still needs.

use streams::{
    Subscription, janitor,
    keys::{METRICS_SERVICE, ORDER_API, ORDER_PROCESSOR, Stream},
};

use crate::world::{World, ids, read};

/// Reads this many entries through the group and acknowledges all but one of them.
async fn follow(
    world: &World,
    stream: Stream,
    group: &str,
    count: usize,
    keep: Option<usize>,
) -> Subscription {
    let mut consumer = Subscription::new(&world.redis, stream, 0, group, "w").unwrap();
    let mut acknowledged = ids(&read(&mut consumer, count).await);
    if let Some(index) = keep {
        acknowledged.remove(index);
    }
    consumer.ack(&acknowledged).await.unwrap();
    consumer
}

#[tokio::test]
async fn the_slowest_group_decides() {
    let world = World::start().await;
    for batch in 0..10 {
        world.publish(batch * 100 + 1..=batch * 100 + 100).await;
    }
    assert_eq!(janitor::trim(&world.redis, 0).await.unwrap(), 0, "nothing is delivered");
    follow(&world, Stream::Queue, ORDER_PROCESSOR, 1_000, Some(500)).await;
    follow(&world, Stream::Events, ORDER_API, 1_000, None).await;
    let (queue, events) = (world.queue().await, world.events().await);

    let removed = janitor::trim(&world.redis, 0).await.unwrap();
    assert!((301..=500).contains(&removed), "{removed} up to the pending one, in whole nodes");
    let left = world.queue().await;
    assert!(left.contains(&queue[500]) && left.contains(&queue[999]));
    assert_eq!(world.events().await, events, "metrics-service has read nothing");

    follow(&world, Stream::Events, METRICS_SERVICE, 1_000, None).await;
    assert!(janitor::trim(&world.redis, 0).await.unwrap() >= 800);
    assert_eq!(world.events().await.last(), events.last());
}

#[tokio::test]
async fn while_a_group_is_missing_nothing_is_trimmed() {
    let world = World::start().await;
    world.publish(1..=500).await;
    follow(&world, Stream::Events, ORDER_API, 500, None).await;
    world.run::<i64>("XGROUP DESTROY orderflow:{0}:events metrics-service").await;
    assert_eq!(janitor::trim(&world.redis, 0).await.unwrap(), 0);
    world.run::<String>("FLUSHALL").await;
    assert_eq!(janitor::trim(&world.redis, 0).await.unwrap(), 0);
}

#[tokio::test]
async fn a_long_stream_is_trimmed_to_a_short_one() {
    let world = World::start().await;
    for batch in 0..50 {
        world.publish(batch * 500 + 1..=batch * 500 + 500).await;
    }
    // As if every group had read and acknowledged everything.
    for (stream, groups) in [("queue", Stream::Queue.groups()), ("events", Stream::Events.groups())] {
        for group in groups {
            world.run::<()>(&format!("XGROUP SETID orderflow:{{0}}:{stream} {group} $")).await;
        }
    }
    assert!(janitor::trim(&world.redis, 0).await.unwrap() > 49_000);
    assert!(world.queue().await.len() <= 200 && world.events().await.len() <= 200);
}
