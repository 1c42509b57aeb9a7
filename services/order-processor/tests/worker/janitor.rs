//! Redis stays bounded.

use streams::janitor::trim;
use system_tests::eventually;

use crate::world::World;

/// Waits until the stream has no more than what fits in the nodes that stay.
async fn is_short(world: &World, stream: &str) {
    eventually(&format!("{stream} is short"), async || {
        match world.run::<i64>(&format!("XLEN orderflow:{{0}}:{stream}")).await {
            length if length <= 200 => Ok(()),
            length => Err(length.to_string()),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_trimmed_up_to_their_slowest_group() {
    let world = World::start().await;
    let worker = world.worker("w1", |config| config.processor.janitor_interval_ms = 100).await;
    for batch in 0..4 {
        world.place(batch * 500 + 1..=batch * 500 + 500).await;
    }
    world.all_complete(1..=2_000).await;
    is_short(&world, "queue").await;
    // Nobody has read the events yet; then one group has.
    for _ in 0..2 {
        assert_eq!(trim(&world.redis, 0).await.unwrap(), 0);
        assert_eq!(world.run::<i64>("XLEN orderflow:{0}:events").await, 6_000);
        world.run::<()>("XGROUP SETID orderflow:{0}:events order-api $").await;
    }
    world.run::<()>("XGROUP SETID orderflow:{0}:events metrics-service $").await;
    is_short(&world, "events").await;
    assert!(worker.metric("orderflow_stream_entries_trimmed_total").await.unwrap() >= 7_400.0);
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn consumers_that_are_gone_are_removed_and_a_worker_that_waits_is_not() {
    let world = World::start().await;
    world.place([1]).await;
    // One that left nothing behind, and one that left an order, which nobody takes over in this test.
    world.run::<i64>("XGROUP CREATECONSUMER orderflow:{0}:queue order-processor gone").await;
    world.deliver("crashed", 1).await;
    let worker = world
        .worker("w1", |config| {
            config.processor.reclaim_idle_ms = 3_600_000;
            config.processor.janitor_interval_ms = 100;
            // More than twice what a read waits.
            config.processor.retire_idle_ms = 5_000;
        })
        .await;
    worker.counts("orderflow_consumers_retired_total", 1.0).await;
    let status = streams::queue_status(&world.redis, 0).await.unwrap();
    let mut names: Vec<_> = status.workers.into_iter().map(|worker| worker.name).collect();
    names.sort_unstable();
    assert_eq!(names, ["crashed", "w1"]);
    assert_eq!(world.pending().await, Ok(1));
    worker.drain().await;
}
