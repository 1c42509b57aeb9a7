//! The numbers come from Redis, and from memory when Redis is away.

use contract::{MetricsSnapshot, StatusCounts, Timestamp};
use serde_json::json;
use streams::snapshot;
use system_tests::eventually;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn the_last_snapshot_outlives_redis() {
    let mut world = World::start().await;
    let empty = world.api.get("/orders/metrics").await.json();
    assert_eq!((&empty["as_of"], &empty["average_processing_time_seconds"]), (&json!(null), &json!(0.0)));
    let snapshot = MetricsSnapshot {
        as_of: Timestamp::from_micros(1_764_000_000_000_000),
        average_processing_time_seconds: 0.25,
        order_status_counts: StatusCounts { completed: 3, failed: 1, ..StatusCounts::default() },
        total_orders_processed: 4,
    };
    let expected = serde_json::to_value(&snapshot).unwrap();
    snapshot::put(&world.streams().await, &expected.to_string()).await.unwrap();
    assert_eq!(world.api.get("/orders/metrics/").await.json(), expected);
    assert_eq!(world.api.get("/orders/status").await.json()["total_processed"], 4);
    world.redis.daemon.kill().await;
    assert_eq!(world.api.get("/orders/metrics").await.json(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_and_without_a_snapshot_it_says_so() {
    let mut world = World::start_without_redis().await;
    let answer = world.api.get("/orders/metrics").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (503, &json!("redis_unavailable")));
    assert_eq!(answer.header("retry-after"), Some("1"));
    world.redis.daemon.start_ready().await;
    eventually("it answers", async || {
        let answer = world.api.get("/orders/metrics").await;
        if answer.status == 200 { Ok(()) } else { Err(answer.text) }
    })
    .await;
}
