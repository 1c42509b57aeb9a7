//! The fence: one message, one outcome.

use std::time::Duration;

use contract::{Fields, OrderId};
use streams::{Accept, Effect, EntryId, Finish, Reclaimer, accept::accept};

use crate::world::{World, ids, message, order, orders, read, subjects};

async fn finish(world: &World, batch: &[Finish]) -> Vec<bool> {
    world.finish(batch).await
}

fn completed(entry: EntryId, number: i64) -> Finish {
    let effects = vec![Effect::Event(message("order.completed", number))];
    Finish { entry, order: Some(order(number)), effects }
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
            order: Some(order(1)),
            effects: vec![
                Effect::Event(message("order.failed", 1)),
                Effect::Queue(message("order.compensate", 1)),
                Effect::Delay { delay_ms: 3_600_000, command: message("order.process", 1) },
            ],
        },
        Finish {
            entry: held[1],
            order: None,
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

/// What the events of a call have in common is sent once; in the stream each is whole.
#[tokio::test]
async fn every_event_is_added_as_it_was_given() {
    let world = World::start().await;
    world.publish(1..=4).await;
    let held = ids(&read(&mut world.worker("w"), 4).await);
    let event = |event_type: &str, number: i64, time: &str| -> Fields {
        vec![
            ("id", format!("{}/{number}", order(number))),
            ("source", "/order-processor".to_owned()),
            ("type", event_type.to_owned()),
            ("subject", order(number).to_string()),
            ("time", time.to_owned()),
            ("data", format!("{{\"n\":{number}}}")),
        ]
    };
    let taken = [
        event("order.processing", 1, "now"),
        event("order.processing", 2, "now"),
        [event("order.processing", 3, "now"), vec![("traceparent", "00-1-2-01".to_owned())]].concat(),
        event("order.processing", 4, "later"),
    ];
    let ended = [
        event("order.completed", 1, "own"),
        event("order.failed", 2, ""),
        [event("order.completed", 3, "order"), vec![("=", String::new())]].concat(),
        event("order.completed", 4, "=1"),
    ];
    let asked: Vec<_> = held
        .iter()
        .zip(1..)
        .zip(&taken)
        .map(|((entry, number), event)| Accept {
            entry: *entry,
            order: order(number),
            event: Some(event.clone()),
        })
        .collect();
    assert!(accept(&world.redis, 0, &asked).await.unwrap().is_empty());
    let batch: Vec<_> = held
        .iter()
        .zip(1..)
        .zip(&ended)
        .map(|((entry, number), event)| {
            let effects = vec![Effect::Event(event.clone())];
            Finish { entry: *entry, order: Some(order(number)), effects }
        })
        .collect();
    assert_eq!(finish(&world, &batch).await, [true; 4]);

    let given = taken.iter().chain(&ended);
    let given: Vec<Vec<&str>> =
        given.map(|event| event.iter().flat_map(|(name, value)| [*name, value.as_str()]).collect()).collect();
    let added = world.events().await;
    assert_eq!(added[4..].iter().map(|entry| entry.texts.clone()).collect::<Vec<_>>(), given);
}

#[tokio::test]
async fn a_monstrous_message_does_not_stop_its_batch() {
    let world = World::start().await;
    world.publish([1, 2]).await;
    let held = ids(&read(&mut world.worker("w"), 2).await);
    let fields = (0..20_000).map(|n| (n.to_string(), "x".to_owned())).collect();
    let dead = Finish {
        entry: held[0],
        order: None,
        effects: vec![Effect::Dead { reason: "too long".to_owned(), fields }],
    };
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
        streams::Producer::new(&world.redis, "").publish(0, "api", &[crate::world::publication(2)]).await;
    assert!(refused.unwrap_err().to_string().contains("OOM"));
    assert_eq!(finish(&world, &[completed(held[0], 1)]).await, [true]);
    assert_eq!(world.events().await[1].field("type"), "order.completed");
}

/// The answer to a call is lost: asked again, Redis tells it once more.
#[tokio::test]
async fn a_call_that_is_repeated_gets_the_answer_that_was_lost() {
    let world = World::start().await;
    world.publish(1..=4).await;
    let held = ids(&read(&mut world.worker("w"), 4).await);
    let batch: Vec<_> = held.iter().zip(1..).map(|(id, number)| completed(*id, number)).collect();
    let finisher = world.finisher("w");
    let call = finisher.call();
    assert_eq!(finish(&world, &batch[..1]).await, [true], "another worker was faster with one");
    for _ in 0..3 {
        assert_eq!(finisher.finish(&call, &batch[..3]).await.unwrap(), [false, true, true]);
    }
    let next = finisher.call();
    assert_eq!(finisher.finish(&next, &batch[3..]).await.unwrap(), [true]);
    // A new run of the same worker has names of its own.
    let again = streams::Finisher::new(&world.redis, 0, streams::keys::ORDER_PROCESSOR, "w", 2);
    assert_eq!(again.finish(&again.call(), &batch[3..]).await.unwrap(), [false]);
    assert_eq!(world.events().await.len(), 8, "four placed, four completed");
}

#[tokio::test]
async fn an_order_has_one_live_message_from_its_publication_to_its_end() {
    let world = World::start().await;
    world.publish([1]).await;
    let first = ids(&read(&mut world.worker("w"), 1).await)[0];
    assert_eq!(world.live(1).await, Some(first.to_string()));
    let delay = Effect::Delay { delay_ms: 0, command: message("order.process", 1) };
    finish(&world, &[Finish { entry: first, order: Some(order(1)), effects: vec![delay] }]).await;
    assert_eq!(world.live(1).await.as_deref(), Some("delayed"));
    assert_eq!(streams::delayed::promote(&world.redis, 0, 10).await.unwrap().moved, 1);
    let second = ids(&read(&mut world.worker("w"), 1).await)[0];
    assert_eq!(world.live(1).await, Some(second.to_string()));
    let effects =
        vec![Effect::Event(message("order.failed", 1)), Effect::Queue(message("order.compensate", 1))];
    finish(&world, &[Finish { entry: second, order: Some(order(1)), effects }]).await;
    let third = ids(&read(&mut world.worker("w"), 1).await)[0];
    assert_eq!(world.live(1).await, Some(third.to_string()));
    finish(&world, &[completed(third, 1)]).await;
    assert_eq!(world.live(1).await, None);
}

/// However it came to be: of two messages of one order, only the one that is its live one speaks for it.
#[tokio::test]
async fn a_message_that_is_not_the_orders_live_one_has_no_effect() {
    let world = World::start().await;
    world.publish([1]).await;
    let queue = world.redis.keys().queue(0);
    let stray: String = world.run(&format!("XADD {queue} * type order.process subject {}", order(1))).await;
    let held = ids(&read(&mut world.worker("w"), 2).await);
    assert_eq!(held[1].to_string(), stray);
    assert_eq!(finish(&world, &[completed(held[1], 1), completed(held[0], 1)]).await, [false, true]);
    assert_eq!(world.events().await.len(), 2);
    assert!(world.pending().await.is_empty());
}
