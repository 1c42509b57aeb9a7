//! A worker that is gone in the middle of its work loses nothing.

use order_processor::Config;

use crate::{orders::words, shop::Shop, world::World};

const COUNT: u32 = 100;

/// Steps that take a moment, and not for all orders at once, so that work is in hand when it happens.
fn busy(config: &mut Config) {
    config.pipeline.simulated.latency_ms = 20;
    config.processor.concurrency = 20;
}

async fn some_are_finished(world: &World) {
    system_tests::eventually("some are finished", async || {
        let completed =
            world.events().await?.iter().filter(|event| crate::orders::is_completed(event)).count();
        if completed >= 10 { Ok(()) } else { Err(completed.to_string()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_instance_finishes_its_own_when_it_is_back() {
    let world = World::start().await;
    world.place(1..=COUNT).await;
    let worker = world.worker("w1", busy).await;
    some_are_finished(&world).await;
    worker.abort().await;
    assert!(world.pending().await.unwrap() > 0);
    // Nobody reclaims within this test: it reads its own.
    let again = world.worker("w1", |config| config.processor.reclaim_idle_ms = 3_600_000).await;
    world.all_complete(1..=COUNT).await;
    again.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_instance_takes_over() {
    let world = World::start().await;
    world.place(1..=COUNT).await;
    let worker = world.worker("w1", busy).await;
    some_are_finished(&world).await;
    worker.abort().await;
    let left = world.pending().await.unwrap();
    assert!(left > 0);
    let other = world.worker("w2", |config| config.processor.reclaim_idle_ms = 1_000).await;
    world.all_complete(1..=COUNT).await;
    assert_eq!(other.metric("orderflow_orders_reclaimed_total").await, Some(left as f64));
    assert_eq!(other.metric(r#"orderflow_deliveries_total{delivery="repeated"}"#).await, Some(left as f64));
    other.drain().await;
}

/// The crash between the ledger's commit and the finish: Redis goes away under the last step.
#[tokio::test(flavor = "multi_thread")]
async fn steps_that_the_ledger_has_are_not_called_again() {
    let mut world = World::start().await;
    let shop = Shop::start().await;
    world.place([1]).await;
    shop.close();
    let worker = world.worker("w1", |config| shop.serves(config)).await;
    shop.is_called(1).await;
    world.server.daemon.kill().await;
    shop.open();
    system_tests::eventually("the ledger has it", async || match world.ledger("w1").await.len() {
        1 => Ok(()),
        rows => Err(rows.to_string()),
    })
    .await;
    worker.abort().await;
    world.server.daemon.start_ready().await;

    let again = world.worker("w1", |config| shop.serves(config)).await;
    let history = world.finished(1).await;
    assert_eq!(words(&history), ["processing 2", "processing 2", "completed 3"]);
    assert_eq!(shop.keys(1), ["stock", "payment", "fulfilment"]);
    assert_eq!(again.metric("orderflow_steps_from_ledger_total").await, Some(3.0));
    again.drain().await;
    let rows = world.ledger("w1").await;
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].steps, rows[1].steps, "the steps are reported as they were");
}
