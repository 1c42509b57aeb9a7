//! Redis loses data: what was published is gone, and who published it has to notice.

use system_tests::redis::{Tail, command, remove_all};

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn of_everything_by_flushall() {
    let world = World::start("FLUSHALL").await;
    let strike = async |world: &mut World| {
        assert_eq!(command(world.stack.redis.port, "FLUSHALL").await, "+OK");
    };
    world.survives(strike).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_everything_by_another_redis_that_is_empty() {
    let world = World::start("Redis is replaced by an empty one").await;
    let strike = async |world: &mut World| {
        world.stack.redis.kill().await;
        remove_all(&world.stack.redis);
        world.accepts_more().await;
        world.stack.redis.start_ready().await;
    };
    world.survives(strike).await;
}

/// As after a power cut, or a failover to a replica that was behind.
#[tokio::test(flavor = "multi_thread")]
async fn of_its_last_moments() {
    let world = World::start("Redis loses the tail of its append-only file").await;
    let strike = async |world: &mut World| {
        let tail = Tail::now(&world.stack.redis);
        world.accepts_more().await;
        world.stack.redis.kill().await;
        assert!(tail.lose(&world.stack.redis) > 0, "nothing was lost");
        world.stack.redis.start_ready().await;
    };
    world.survives(strike).await;
}
