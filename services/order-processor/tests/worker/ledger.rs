//! The ledger on disk.

use order_processor::App;

use crate::world::World;

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
    let mut again = crate::orders::command(1);
    let contract::CommandData::Process(data) = &mut again.data else { panic!("{again:?}") };
    (data.version, data.attempt, data.life) = (6, 2, 4);
    let fields = again.to_fields();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    world.add(&fields).await;
    system_tests::eventually("it is completed again", async || match world.history(1).await?.last() {
        Some(event) if event.version() == 8 => Ok(()),
        last => Err(format!("{last:?}")),
    })
    .await;
    assert_eq!(worker.metric("orderflow_steps_from_ledger_total").await, Some(0.0));
    worker.drain().await;
    assert_eq!(world.ledger("w1").await.len(), 2);
}
