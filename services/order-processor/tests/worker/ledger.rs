//! The ledger on disk.

use order_processor::App;

use crate::{orders::command_with, world::World};

#[tokio::test(flavor = "multi_thread")]
async fn migrating_makes_it_and_may_be_repeated() {
    let world = World::start().await;
    let config = world.config("w1");
    for _ in 0..2 {
        App::migrate(&config).await.unwrap();
    }
    assert!(world.ledger("w1").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_placed_again_by_a_person_begins_anew() {
    let world = World::start().await;
    let worker = world.worker("w1", |_| {}).await;
    world.place([1]).await;
    world.finished(1).await;
    // Version 4 placed it again; a redelivery of its second attempt must not find the steps of its first life.
    let again = command_with(1, |data| (data.version, data.attempt, data.life) = (6, 2, 4));
    world.publish(&again).await.unwrap();
    system_tests::eventually("it is completed again", async || match world.history(1).await?.last() {
        Some(event) if event.version() == 8 => Ok(()),
        last => Err(format!("{last:?}")),
    })
    .await;
    assert_eq!(worker.metric("orderflow_steps_from_ledger_total").await, Some(0.0));
    worker.drain().await;
    let lives: Vec<i64> = world.ledger("w1").await.into_iter().map(|row| row.life).collect();
    assert_eq!(lives, [1, 4]);
}
