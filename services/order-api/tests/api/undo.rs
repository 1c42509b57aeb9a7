//! What is owed to a failed order is not forgotten, even if its message is.

use contract::{CommandData, EventData, Step};
use fred::interfaces::{HashesInterface, StreamsInterface};
use streams::{Effect, keys::ORDER_PROCESSOR};
use system_tests::eventually;

use crate::{worker::Worker, world::World};

/// Nobody sees the message go, and Redis looks as it should.
#[tokio::test(flavor = "multi_thread")]
async fn a_compensation_that_is_lost_is_published_again() {
    let world = World::start_with(|config| {
        config.heal.interval_ms = 200;
        config.heal.age_ms = 100;
    })
    .await;
    let redis = world.streams().await;
    let order_id = world.api.placed().await;
    let mut worker = Worker::new(&redis);
    let taken = worker.take_any().await;
    assert!(worker.accept(&taken).await);
    let mut failed = taken.failed();
    let EventData::Failed(data) = &mut failed.data else { panic!("a failure") };
    data.compensating = vec![Step::Stock];
    worker.finish(&taken, &failed).await;

    let lost = worker.take_any().await;
    let (queue, live) = (redis.keys().queue(0), redis.keys().live(0));
    let _: i64 = redis.client().xack(queue, ORDER_PROCESSOR, lost.entry.id.to_string()).await.unwrap();
    let _: i64 = redis.client().hdel(live, order_id.as_str()).await.unwrap();

    let again = Worker::named(&redis, "worker-2").take_any().await;
    let CommandData::Compensate(undo) = &again.command.data else { panic!("{:?}", again.command) };
    assert_eq!((undo.version, &undo.steps[..]), (3, &[Step::Fulfilment, Step::Payment, Step::Stock][..]));
    assert!(worker.finish_with(&again, vec![Effect::Event(again.compensated().to_fields())]).await);
    eventually("it is told", async || {
        let timeline = world.api.get(&format!("/orders/{order_id}/events")).await.text;
        if timeline.contains("order.compensated") { Ok(()) } else { Err(timeline) }
    })
    .await;
}
