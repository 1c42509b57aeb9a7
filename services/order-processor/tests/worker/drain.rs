//! Stopping in good order.

use system_tests::eventually;

use crate::{orders::words, shop::Shop, world::World};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_hand_is_finished() {
    let world = World::start().await;
    let shop = Shop::start().await;
    shop.close();
    world.place([1]).await;
    let worker = world
        .worker("w1", |config| {
            shop.serves(config);
            config.pipeline.step_timeout_ms = 20_000;
        })
        .await;
    shop.is_called(1).await;
    worker.shutdown.drain();
    eventually("it is no longer there for others", async || match worker.get("/readyz").await {
        Ok((200, text)) => Err(text),
        _ => Ok(()),
    })
    .await;
    shop.open();
    worker.ended().await;
    assert_eq!(words(&world.history(1).await.unwrap()), ["processing 2", "completed 3"]);
    assert_eq!(world.pending().await, Ok(0));
}

/// What a server gives to a read that nobody waits for any more would lie there until it is reclaimed.
#[tokio::test(flavor = "multi_thread")]
async fn while_work_is_finished_nothing_more_is_taken() {
    let world = World::start().await;
    let shop = Shop::start().await;
    shop.close();
    world.place([1]).await;
    let worker = world
        .worker("w1", |config| {
            shop.serves(config);
            config.pipeline.step_timeout_ms = 20_000;
        })
        .await;
    shop.is_called(1).await;
    waiting_reads(&world, 1).await;
    worker.shutdown.drain();
    waiting_reads(&world, 0).await;
    world.place([2]).await;
    shop.open();
    worker.ended().await;
    assert_eq!(words(&world.history(1).await.unwrap()), ["processing 2", "completed 3"]);
    assert!(world.history(2).await.unwrap().is_empty());
    assert_eq!(world.pending().await, Ok(0));
}

/// Waits until this many reads wait for new orders.
async fn waiting_reads(world: &World, count: usize) {
    eventually(&format!("{count} reads wait"), async || {
        let clients: String = world.run("INFO clients").await;
        if clients.contains(&format!("blocked_clients:{count}\r")) { Ok(()) } else { Err(clients) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn under_load_nothing_stays_pending() {
    let world = World::start().await;
    world.place(1..=2_000).await;
    let worker = world.worker("w1", |_| {}).await;
    eventually("some are finished", async || match world.events().await?.len() {
        events if events > 2_100 => Ok(()),
        events => Err(events.to_string()),
    })
    .await;
    worker.drain().await;
    assert_eq!(world.pending().await, Ok(0));
    let rest = world.worker("w2", |_| {}).await;
    world.all_complete(1..=2_000).await;
    rest.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_stage_ends_it_at_once_and_the_order_comes_back() {
    let world = World::start().await;
    let shop = Shop::start().await;
    shop.close();
    world.place([1]).await;
    let worker = world.worker("w1", |config| shop.serves(config)).await;
    shop.is_called(1).await;
    worker.shutdown.drain();
    worker.abort().await;
    assert_eq!(world.pending().await, Ok(1));
    shop.open();
    let again = world.worker("w1", |config| shop.serves(config)).await;
    let history = words(&world.finished(1).await);
    assert_eq!(history.last().map(String::as_str), Some("completed 3"));
    again.drain().await;
}
