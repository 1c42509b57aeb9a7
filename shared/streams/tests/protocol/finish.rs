//! The fence: one message, one outcome.

use std::time::Duration;

use contract::OrderId;
use streams::{Effect, EntryId, Finish, Finisher, Reclaimer, keys::ORDER_PROCESSOR};

use crate::world::{World, ids, message, order, orders, read, subjects};

async fn finish(world: &World, batch: &[Finish]) -> Vec<bool> {
    Finisher::new(&world.redis).finish(0, ORDER_PROCESSOR, batch).await.unwrap()
}

fn completed(entry: EntryId, number: i64) -> Finish {
    Finish { entry, effects: vec![Effect::Event(message("order.completed", number))] }
}

#[tokio::test]
async fn of_two_workers_that_hold_a_message_one_finishes_it() {
    let world = World::start().await;
    world.publish([1]).await;
    let mut stalled = world.worker("stalled");
    let held = ids(&read(&mut stalled, 1).await);
    let other = world.worker("other");
    let mut reclaimer = Reclaimer::new(&world.redis, 0, "other", other.in_hand());
    assert_eq!(ids(&reclaimer.reclaim(Duration::ZERO, 10).await.unwrap()), held);

    let batch = [completed(held[0], 1)];
    let (a, b) = tokio::join!(finish(&world, &batch), finish(&world, &batch));
    let mut won = [a[0], b[0]];
    won.sort_unstable();
    assert_eq!(won, [false, true]);
    let events = world.events().await;
    assert_eq!(events.iter().filter(|event| event.field("type") == "order.completed").count(), 1);
    assert!(world.pending().await.is_empty());
}

#[tokio::test]
async fn a_finish_that_is_repeated_changes_nothing() {
    let world = World::start().await;
    world.publish(1..=3).await;
    let held = ids(&read(&mut world.worker("w"), 3).await);
    let batch: Vec<_> = held.iter().zip(1..).map(|(id, number)| completed(*id, number)).collect();
    assert_eq!(finish(&world, &batch[..2]).await, [true, true]);
    assert_eq!(finish(&world, &batch).await, [false, false, true]);
    assert_eq!(subjects(&world.events().await[3..]), orders([1, 2, 3]));
}

#[tokio::test]
async fn within_a_batch_a_message_is_finished_once() {
    let world = World::start().await;
    world.publish([1]).await;
    let held = ids(&read(&mut world.worker("w"), 1).await);
    assert_eq!(finish(&world, &[completed(held[0], 1), completed(held[0], 1)]).await, [true, false]);
    assert_eq!(world.events().await.len(), 2);
}

#[tokio::test]
async fn what_was_never_delivered_can_not_be_finished() {
    let world = World::start().await;
    world.publish([1]).await;
    let waiting = world.queue().await[0].id;
    assert_eq!(
        finish(&world, &[completed(waiting, 1), completed(EntryId::new(1, 1), 2)]).await,
        [false, false]
    );
    assert_eq!(world.events().await.len(), 1);
    world.run::<()>("FLUSHALL").await;
    assert_eq!(finish(&world, &[completed(waiting, 1)]).await, [false]);
    assert!(finish(&world, &[]).await.is_empty());
}

#[tokio::test]
async fn every_effect_lands_where_it_belongs() {
    let world = World::start().await;
    world.publish([1, 2]).await;
    let held = ids(&read(&mut world.worker("w"), 2).await);
    let original = vec![("what".to_owned(), "?".to_owned()), ("what".to_owned(), "twice".to_owned())];
    let batch = [
        Finish {
            entry: held[0],
            effects: vec![
                Effect::Event(message("order.failed", 1)),
                Effect::Queue(message("order.compensate", 1)),
                Effect::Delay { delay_ms: 3_600_000, command: message("order.process", 1) },
            ],
        },
        Finish {
            entry: held[1],
            effects: vec![Effect::Dead { reason: "no \"type\"".to_owned(), fields: original }],
        },
    ];
    assert_eq!(finish(&world, &batch).await, [true, true]);

    assert_eq!(world.events().await[2].field("type"), "order.failed");
    assert_eq!(world.queue().await[2].field("type"), "order.compensate");
    let dead = world.dead().await;
    let entry = held[1].to_string();
    assert_eq!(
        dead[0].texts,
        ["dead_reason", "no \"type\"", "dead_entry", &entry, "what", "?", "what", "twice"]
    );
    let delayed: Vec<String> = world.run("ZRANGE orderflow:{0}:delayed 0 -1").await;
    let subject: OrderId = order(1);
    assert_eq!(
        delayed,
        [format!("[\"type\",\"order.process\",\"subject\",\"{subject}\",\"data\",\"{{\\\"n\\\":1}}\"]")]
    );
}

#[tokio::test]
async fn a_monstrous_message_does_not_stop_its_batch() {
    let world = World::start().await;
    world.publish([1, 2]).await;
    let held = ids(&read(&mut world.worker("w"), 2).await);
    let fields = (0..20_000).map(|n| (n.to_string(), "x".to_owned())).collect();
    let dead =
        Finish { entry: held[0], effects: vec![Effect::Dead { reason: "too long".to_owned(), fields }] };
    assert_eq!(finish(&world, &[dead, completed(held[1], 2)]).await, [true, true]);
    assert_eq!(world.dead().await[0].texts.len(), 2_004);
}

#[tokio::test]
async fn a_redis_that_is_full_lets_work_in_hand_be_finished() {
    let world = World::start().await;
    world.publish([1]).await;
    let held = ids(&read(&mut world.worker("w"), 1).await);
    world.run::<()>("CONFIG SET maxmemory 1").await;
    let refused =
        streams::Producer::new(&world.redis).publish(0, "api", &[crate::world::publication(2)]).await;
    assert!(refused.unwrap_err().to_string().contains("OOM"));
    assert_eq!(finish(&world, &[completed(held[0], 1)]).await, [true]);
    assert_eq!(world.events().await[1].field("type"), "order.completed");
}
