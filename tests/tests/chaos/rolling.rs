//! A rolling restart: everything is ended in good order and started again, one after the other.

use system_tests::stack::Which::{Api, Metrics, Processor};

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn of_everything() {
    let world = World::start("rolling restart of everything").await;
    let strike = async |world: &mut World| {
        for which in [Api, Processor, Metrics] {
            let status = world.stack.service(which).terminate().await;
            assert!(status.success(), "{which:?} ended with {status}");
            world.stack.service(which).start_ready().await;
            world.accepts_more().await;
        }
        world.stack.redis.terminate().await;
        world.stack.redis.start_ready().await;
    };
    world.survives(strike).await;
}
