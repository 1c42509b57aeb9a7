//! kill -9 of each process in turn.

use system_tests::stack::Which::{self, Api, Metrics, Processor};

use crate::world::World;

async fn survives(fault: &'static str, which: Which) {
    let world = World::start(fault).await;
    let strike = async |world: &mut World| {
        world.stack.service(which).kill().await;
        if which == Api {
            world.load().meets_a_failure().await;
        } else {
            world.accepts_more().await;
        }
        world.stack.service(which).start_ready().await;
    };
    world.survives(strike).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_order_api() {
    survives("kill -9 of order-api", Api).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_order_processor() {
    survives("kill -9 of order-processor", Processor).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_metrics_service() {
    survives("kill -9 of metrics-service", Metrics).await;
}

/// With `appendfsync everysec`: what a process has written survives it, though not a power cut.
#[tokio::test(flavor = "multi_thread")]
async fn of_redis() {
    let world = World::start("kill -9 of Redis").await;
    let strike = async |world: &mut World| {
        world.stack.redis.kill().await;
        world.accepts_more().await;
        world.stack.redis.start_ready().await;
    };
    world.survives(strike).await;
}
