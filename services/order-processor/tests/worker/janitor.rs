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
    eventually("what is gone was counted", async || {
        let left: i64 = world.run::<i64>("XLEN orderflow:{0}:queue").await
            + world.run::<i64>("XLEN orderflow:{0}:events").await;
        let trimmed = worker.metric("orderflow_stream_entries_trimmed_total").await.unwrap_or_default();
        if trimmed as i64 + left == 8_000 { Ok(()) } else { Err(format!("{trimmed} and {left}")) }
    })
    .await;
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn consumers_that_are_gone_are_removed_and_neither_workers_nor_what_is_pending() {
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
    eventually("only the crashed one and the worker are left", async || {
        let status = streams::queue_status(&world.redis, 0).await.map_err(|error| error.to_string())?;
        let mut names: Vec<_> = status.workers.into_iter().map(|worker| worker.name).collect();
        names.sort_unstable();
        let retired = worker.metric("orderflow_consumers_retired_total").await.unwrap_or_default();
        if names == ["crashed", "w1"] && retired >= 1.0 {
            Ok(())
        } else {
            Err(format!("{names:?}, {retired}"))
        }
    })
    .await;
    assert_eq!(world.pending().await, Ok(1));
    world.place([2]).await;
    world.finished(2).await;
    worker.drain().await;
}
