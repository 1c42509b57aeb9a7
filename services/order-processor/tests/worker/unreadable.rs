//! Entries of the queue that are no command hold up nothing.

use crate::{orders::command, world::World};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_nobody_can_process_is_set_aside_with_its_reason() {
    let world = World::start().await;
    let nonsense = world.add(&[("hello", "world"), ("hello", "again")]).await;
    let fields = command(2).to_fields();
    let unknown: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, if *name == "type" { "order.frobnicate" } else { value.as_str() }))
        .collect();
    let unknown_id = world.add(&unknown).await;
    world.place([1]).await;
    let worker = world.worker("w1", |_| {}).await;
    world.all_complete(1..=1).await;
    let dead = world.dead().await.unwrap();
    assert_eq!(dead.len(), 2);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        dead[0],
        [
            pair("dead_reason", "field specversion is missing"),
            pair("dead_entry", &nonsense),
            pair("hello", "world"),
            pair("hello", "again"),
        ]
    );
    assert_eq!(dead[1][0], pair("dead_reason", "unknown type \"order.frobnicate\""));
    assert_eq!(dead[1][1], pair("dead_entry", &unknown_id));
    let kept: Vec<(&str, &str)> =
        dead[1][2..].iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(kept, unknown);
    assert_eq!(worker.metric("orderflow_dead_letters_total").await, Some(2.0));
    worker.drain().await;
    assert_eq!(world.ledger("w1").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_somebody_deleted_is_acknowledged() {
    let world = World::start().await;
    world.place([1]).await;
    // It was delivered to this worker before, which then died; meanwhile somebody deleted it.
    let (queue, entry) = (world.redis.keys().queue(0), world.deliver("w1", 1).await);
    assert_eq!(world.run::<i64>(&format!("XDEL {queue} {entry}")).await, 1);
    let worker = world.worker("w1", |_| {}).await;
    world.nothing_is_pending().await;
    assert!(world.history(1).await.unwrap().is_empty());
    worker.drain().await;
}
