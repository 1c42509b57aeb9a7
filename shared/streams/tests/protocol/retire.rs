//! Consumers that are gone are removed, never with what is pending under their name.

use std::time::Duration;

use streams::janitor::retire;

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
