//! A worker that stalls with an order, and wakes up when another one has finished it.

use contract::{Event, EventData, event::OrderCompleted};
use streams::{Effect, Finish, Finisher, keys::ORDER_PROCESSOR};

use crate::{
    orders::{command, order_id, words},
    shop::{Reply, Shop},
    world::World,
};

/// Its own run ends as failed, after stock was reserved: had it been first, that would have been released.
#[tokio::test(flavor = "multi_thread")]
async fn it_never_undoes_anything() {
    let world = World::start().await;
    let shop = Shop::answering(|call, _| match call.path.as_str() {
        "/payment" => Reply::Status(402, ""),
        _ => Reply::Status(200, ""),
    })
    .await;
    shop.close();
    world.place([1]).await;
    let stalled = world
        .worker("stalled", |config| {
            shop.serves(config);
            config.pipeline.step_timeout_ms = 60_000;
        })
        .await;
    shop.is_called(1).await;

    // Another worker takes the message over, and with it the right to keep it alive, and completes the order.
    let queue = world.redis.keys().queue(0);
    let listed: Vec<(String, String, i64, i64)> =
        world.run(&format!("XPENDING {queue} {ORDER_PROCESSOR} - + 1")).await;
    let entry = &listed[0].0;
    let claimed: Vec<String> =
        world.run(&format!("XCLAIM {queue} {ORDER_PROCESSOR} other 0 {entry} JUSTID")).await;
    assert_eq!(claimed, [entry.as_str()]);
    let time = command(1).envelope.time;
    let data = EventData::Completed(OrderCompleted {
        version: 3,
        attempt: 1,
        worker: "other".to_owned(),
        placed_at: time,
        started_at: time,
        steps: Vec::new(),
    });
    let event = Event::new("/order-processor", order_id(1), time, None, data);
    let effects = vec![Effect::Event(event.to_fields())];
    let finish = Finish { entry: entry.parse().unwrap(), order: Some(order_id(1)), effects };
    let other = Finisher::new(&world.redis, 0, ORDER_PROCESSOR, "other", 1);
    assert_eq!(other.finish(&other.call(), &[finish]).await.unwrap(), [true]);

    shop.open();
    stalled.counts("orderflow_fence_lost_total", 1.0).await;
    assert_eq!(stalled.metric("orderflow_attempts_finished_total{outcome=\"failed\"}").await, Some(0.0));
    // Nothing that it reported is there to be answered.
    world.ask_for_compensations().await.unwrap();
    assert_eq!(world.run::<i64>(&format!("XLEN {queue}")).await, 1);
    assert_eq!(world.run::<i64>("EXISTS orderflow:{0}:delayed").await, 0);
    stalled.drain().await;
    assert_eq!(words(&world.history(1).await.unwrap()), ["processing 2", "completed 3"]);
    assert_eq!(shop.calls_for(1), ["/stock", "/payment"]);
    let rows = world.ledger("stalled").await;
    assert_eq!((rows.len(), rows[0].outcome.as_str()), (1, "failed"));
    assert!(rows[0].superseded_at.is_some());
}
