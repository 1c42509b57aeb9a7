//! Cancelled and never worked on, or taken: nothing in between, whoever is faster.

use streams::{
    Accept, EntryId,
    accept::accept,
    cancel::{Cancelled, cancel},
};

use crate::world::{World, ids, message, order, read, subjects, take};

async fn cancelled(world: &World, number: i64) -> Cancelled {
    cancel(&world.redis, order(number), &message("order.cancelled", number)).await.unwrap()
}

fn taken(entry: EntryId, number: i64) -> Accept {
    Accept { entry, order: order(number), event: Some(message("order.processing", number)) }
}

#[tokio::test]
async fn what_waits_is_cancelled_once_and_laid_aside_by_whoever_gets_it() {
    let world = World::start().await;
    world.publish(1..=3).await;
    assert_eq!(cancelled(&world, 2).await, Cancelled::Now);
    assert_eq!(cancelled(&world, 2).await, Cancelled::Before);
    assert_eq!(world.events().await[3].field("type"), "order.cancelled");

    let held = ids(&read(&mut world.worker("w"), 3).await);
    let batch: Vec<_> = held.iter().zip(1..).map(|(entry, number)| taken(*entry, number)).collect();
    assert_eq!(accept(&world.redis, 0, &batch).await.unwrap(), [held[1]]);
    assert_eq!(subjects(&world.events().await[4..]), crate::world::orders([1, 3]));
    assert_eq!(world.pending().await.len(), 2, "the cancelled one is acknowledged");
    assert_eq!((world.live(2).await, world.live(1).await), (None, Some(held[0].to_string())));
    assert_eq!(cancelled(&world, 2).await, Cancelled::Absent);
    let left: i64 = world.run("EXISTS orderflow:{0}:cancelled").await;
    assert_eq!(left, 0);
}

#[tokio::test]
async fn what_a_worker_has_or_had_is_not_cancelled() {
    let world = World::start().await;
    assert_eq!(cancelled(&world, 1).await, Cancelled::Absent);
    world.publish(1..=2).await;
    let held = ids(&take(&mut world.worker("w"), 1).await);
    assert_eq!(cancelled(&world, 1).await, Cancelled::Taken);
    let delay = streams::Effect::Delay { delay_ms: 3_600_000, command: message("order.process", 1) };
    world.finish(&[streams::Finish { entry: held[0], order: Some(order(1)), effects: vec![delay] }]).await;
    assert_eq!(cancelled(&world, 1).await, Cancelled::Taken, "it waits for another attempt");
    assert_eq!(world.events().await.len(), 2);
}

/// The worker dies between the delivery and its question: whoever gets the message next asks again.
#[tokio::test]
async fn a_crash_after_the_delivery_does_not_bring_it_back_to_life() {
    let world = World::start().await;
    world.publish([1]).await;
    assert_eq!(cancelled(&world, 1).await, Cancelled::Now);
    read(&mut world.worker("w"), 1).await;
    assert_eq!(cancelled(&world, 1).await, Cancelled::Before, "whoever asks again is told what is so");
    let held = ids(&read(&mut world.worker("w"), 1).await);
    assert_eq!(accept(&world.redis, 0, &[taken(held[0], 1)]).await.unwrap(), held);
    assert!(world.pending().await.is_empty());
    assert_eq!(accept(&world.redis, 0, &[]).await.unwrap(), []);
}

/// The answer is lost, and the question asked again: what was laid aside is still not to be worked on, nor is what another
/// worker finished or Redis lost meanwhile.
#[tokio::test]
async fn what_was_laid_aside_stays_so_when_the_question_is_repeated() {
    let world = World::start().await;
    world.publish(1..=3).await;
    assert_eq!(cancelled(&world, 2).await, Cancelled::Now);
    let held = ids(&read(&mut world.worker("w"), 3).await);
    let batch: Vec<_> = held.iter().zip(1..).map(|(entry, number)| taken(*entry, number)).collect();
    for _ in 0..2 {
        assert_eq!(accept(&world.redis, 0, &batch).await.unwrap(), [held[1]]);
    }
    world.finish(&[streams::Finish { entry: held[0], order: Some(order(1)), effects: Vec::new() }]).await;
    assert_eq!(accept(&world.redis, 0, &batch).await.unwrap(), held[..2]);
    world.run::<()>("FLUSHALL").await;
    assert_eq!(accept(&world.redis, 0, &batch).await.unwrap(), held);
}

/// It waits on the queue like a new one, but something may have been done for the order outside.
#[tokio::test]
async fn a_further_attempt_and_a_compensation_are_not_cancelled() {
    let world = World::start().await;
    world.publish(1..=3).await;
    let held = ids(&read(&mut world.worker("w"), 3).await);
    let with = |kind, number, data: &str| {
        let mut fields = message(kind, number);
        data.clone_into(&mut fields.last_mut().unwrap().1);
        fields
    };
    let messages = [
        with("order.process", 1, r#"{"attempt":2}"#),
        with("order.process", 2, r#"{"attempt":1,"touched":["stock"]}"#),
        with("order.compensate", 3, r#"{"attempt":1}"#),
    ];
    let finishes = held.iter().zip(1..).zip(messages).map(|((entry, number), message)| streams::Finish {
        entry: *entry,
        order: Some(order(number)),
        effects: vec![streams::Effect::Queue(message)],
    });
    world.finish(&finishes.collect::<Vec<_>>()).await;
    for number in 1..=3 {
        assert_eq!(cancelled(&world, number).await, Cancelled::Taken, "{number}");
    }
}

#[tokio::test]
async fn of_a_worker_and_a_canceller_at_the_same_moment_one_wins() {
    let world = World::start().await;
    world.publish(1..=200).await;
    let mut worker = world.worker("w");
    let reading = async {
        let mut accepted = Vec::new();
        let mut seen = 0;
        while seen < 200 {
            let held = ids(&worker.next(7).await.unwrap());
            let asked: Vec<_> =
                held.iter().map(|entry| Accept { entry: *entry, order: order(0), event: None }).collect();
            let aside = accept(&world.redis, 0, &asked).await.unwrap();
            seen += held.len();
            accepted.extend(held.into_iter().filter(|entry| !aside.contains(entry)));
        }
        accepted.len()
    };
    let cancelling = async {
        let mut now = 0;
        for number in (1..=200).rev() {
            now += usize::from(cancelled(&world, number).await == Cancelled::Now);
        }
        now
    };
    let (worked_on, cancelled) = tokio::join!(reading, cancelling);
    assert_eq!(worked_on + cancelled, 200);
}

#[tokio::test]
async fn a_redis_that_is_full_still_tells_what_was_cancelled() {
    let world = World::start().await;
    world.publish(1..=2).await;
    assert_eq!(cancelled(&world, 1).await, Cancelled::Now);
    let held = ids(&read(&mut world.worker("w"), 2).await);
    world.run::<()>("CONFIG SET maxmemory 1").await;
    let batch = [taken(held[0], 1), taken(held[1], 2)];
    let refused = accept(&world.redis, 0, &batch[1..]).await.unwrap_err();
    assert!(!refused.is_connection(), "{refused}");
    let quiet = batch.map(|accept| Accept { event: None, ..accept });
    assert_eq!(accept(&world.redis, 0, &quiet).await.unwrap(), [held[0]]);
}
