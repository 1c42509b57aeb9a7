//! A consumer group is gone, and with it what was pending and how far it was.

use system_tests::redis::command;

use crate::world::World;

async fn survives(fault: &'static str, stream: &str, group: &str) {
    let world = World::start(fault).await;
    let strike = async |world: &mut World| {
        let destroy = format!("XGROUP DESTROY orderflow:{{0}}:{stream} {group}");
        assert_eq!(command(world.stack.redis.port, &destroy).await, ":1");
    };
    world.survives(strike).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_order_processor() {
    survives("XGROUP DESTROY of order-processor", "queue", "order-processor").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_order_api() {
    survives("XGROUP DESTROY of order-api", "events", "order-api").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_metrics_service() {
    survives("XGROUP DESTROY of metrics-service", "events", "metrics-service").await;
}
