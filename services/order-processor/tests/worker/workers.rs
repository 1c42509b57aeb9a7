//! Several workers on one queue.

use contract::EventData;
use streams::{Effect, Finish, Finisher, keys::ORDER_PROCESSOR};
use system_tests::eventually;

use crate::{
    orders::{order_id, words},
    shop::Shop,
    world::World,
};

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_share_the_orders_and_finish_each_once() {
    let world = World::start().await;
    let first = world.worker("w1", |config| config.pipeline.simulated.latency_ms = 1).await;
    let second = world.worker("w2", |config| config.pipeline.simulated.latency_ms = 1).await;
    world.place(1..=600).await;
    let events = world.all_complete(1..=600).await;
    let by = |name: &str| {
        let completed_by = |data: &EventData| match data {
            EventData::Completed(completed) => completed.worker == name,
            _ => false,
        };
        events.iter().filter(|event| completed_by(&event.data)).count()
    };
    assert_eq!(by("w1") + by("w2"), 600);
    assert!(by("w1") > 0 && by("w2") > 0, "{} and {}", by("w1"), by("w2"));
    first.drain().await;
    second.drain().await;
}

/// Three steps of 1.5 s each with a visibility of 3 s, and a second worker that looks for the dead each second.
#[tokio::test(flavor = "multi_thread")]
async fn work_that_is_longer_than_the_visibility_is_done_once() {
    let world = World::start().await;
    let slow = |config: &mut order_processor::Config| {
        config.pipeline.simulated.latency_ms = 1_500;
        config.processor.reclaim_idle_ms = 3_000;
    };
    world.place(1..=3).await;
    let first = world.worker("w1", slow).await;
    let second = world.worker("w2", slow).await;
    for number in 1..=3 {
        assert_eq!(words(&world.finished(number).await), ["processing 2", "completed 3"]);
    }
    for worker in [&first, &second] {
        assert_eq!(worker.metric("orderflow_orders_reclaimed_total").await, Some(0.0));
    }
    first.drain().await;
    second.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_order_somebody_else_finished_reports_nothing_and_notes_it() {
    let world = World::start().await;
    let shop = Shop::start().await;
    shop.close();
    world.place([1]).await;
    let worker = world.worker("w1", |config| shop.serves(config)).await;
    shop.is_called(1).await;
    // Another worker had reclaimed it, and was faster.
    let queue = world.redis.keys().queue(0);
    let listed: Vec<(String, String, i64, i64)> =
        world.run(&format!("XPENDING {queue} {ORDER_PROCESSOR} - + 1")).await;
    let effect = Effect::Event(vec![("specversion", "1.0".to_owned())]);
    let entry = listed[0].0.parse().unwrap();
    let finish = Finish { entry, order: Some(order_id(1)), effects: vec![effect] };
    let events_before: i64 = world.run("XLEN orderflow:{0}:events").await;
    let faster = Finisher::new(&world.redis, 0, ORDER_PROCESSOR, "w2", 1);
    assert_eq!(faster.finish(&faster.call(), &[finish]).await.unwrap(), [true]);
    shop.open();
    eventually("the fence is lost", async || match worker.metric("orderflow_fence_lost_total").await {
        Some(1.0) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    assert_eq!(world.run::<i64>("XLEN orderflow:{0}:events").await, events_before + 1);
    assert_eq!(worker.metric("orderflow_attempts_finished_total{outcome=\"completed\"}").await, Some(0.0));
    worker.drain().await;
    let rows = world.ledger("w1").await;
    assert_eq!((rows.len(), rows[0].order_id), (1, order_id(1).as_uuid()));
    assert!(rows[0].superseded_at.is_some_and(|at| at >= rows[0].finished_at));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_taken_than_there_are_slots() {
    let world = World::start().await;
    let shop = Shop::start().await;
    shop.close();
    world.place(1..=20).await;
    let worker = world
        .worker("w1", |config| {
            shop.serves(config);
            config.pipeline.step_timeout_ms = 20_000;
            (config.processor.concurrency, config.processor.batch) = (4, 10);
        })
        .await;
    shop.is_called(4).await;
    assert_eq!(world.pending().await, Ok(4));
    assert_eq!(worker.metric("orderflow_orders_in_hand").await, Some(4.0));
    // The other sixteen are still there for whoever has room.
    let helper = world.worker("w2", |_| {}).await;
    eventually("sixteen are completed", async || {
        let completed =
            world.events().await?.iter().filter(|event| crate::orders::is_completed(event)).count();
        if completed == 16 { Ok(()) } else { Err(completed.to_string()) }
    })
    .await;
    shop.open();
    world.all_complete(1..=20).await;
    worker.drain().await;
    helper.drain().await;
}
