//! Cancelled and never worked on, or taken: nothing in between, whoever is faster.

use contract::Fields;
use streams::{
    Accept, EntryId, Mark, Producer, Publication,
    accept::accept,
    cancel::{Cancellation, Cancelled, cancel},
};

use crate::world::{World, ids, message, order, read, subjects, take};

async fn cancelled(world: &World, number: i64) -> Cancelled {
    cancelled_after(world, number, None).await
}

async fn cancelled_after(world: &World, number: i64, expected: Option<&Mark>) -> Cancelled {
    let (command, event) = (format!("{number}/process"), message("order.cancelled", number));
    let order = order(number);
    cancel(&world.redis, &Cancellation { order, command: &command, expected, event: &event }).await.unwrap()
}

/// A command with an id.
fn command(id: &str, kind: &str, number: i64) -> Fields {
    let mut fields = message(kind, number);
    fields.insert(0, ("id", id.to_owned()));
    fields
}

async fn publish(world: &World, numbers: std::ops::RangeInclusive<i64>) -> Mark {
    let publication = |number| Publication {
        command: command(&format!("{number}/process"), "order.process", number),
        ..crate::world::publication(number)
    };
    let batch: Vec<_> = numbers.map(publication).collect();
    Producer::new(&world.redis, "").publish(0, "api", &batch).await.unwrap().mark
}

fn taken(entry: EntryId, number: i64) -> Accept {
    Accept { entry, order: order(number), event: Some(message("order.processing", number)) }
}

fn order_of(entry: &streams::Entry) -> contract::OrderId {
    let fields = entry.fields.as_ref().unwrap();
    fields.iter().find(|(name, _)| name == "subject").unwrap().1.parse().unwrap()
}

#[tokio::test]
async fn what_waits_is_cancelled_once_and_laid_aside_by_whoever_gets_it() {
    let world = World::start().await;
    publish(&world, 1..=3).await;
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
    publish(&world, 1..=2).await;
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
    publish(&world, 1..=1).await;
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
    publish(&world, 1..=3).await;
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
    publish(&world, 1..=2).await;
    let held = ids(&read(&mut world.worker("w"), 2).await);
    let messages =
        [command("1/process/2", "order.process", 1), command("2/compensate", "order.compensate", 2)];
    let finishes = held.iter().zip(1..).zip(messages).map(|((entry, number), message)| streams::Finish {
        entry: *entry,
        order: Some(order(number)),
        effects: vec![streams::Effect::Queue(message)],
    });
    world.finish(&finishes.collect::<Vec<_>>()).await;
    for number in 1..=2 {
        assert_eq!(cancelled(&world, number).await, Cancelled::Taken, "{number}");
    }
}

/// It may have forgotten that a worker was given the order.
#[tokio::test]
async fn a_redis_that_is_behind_cancels_nothing() {
    let world = World::start().await;
    let mark = publish(&world, 1..=1).await;
    let ahead = Mark { last_id: EntryId::new(mark.last_id.ms + 1, 0), ..mark.clone() };
    let other = Mark { epoch: "another".to_owned(), ..mark.clone() };
    for expected in [&ahead, &other] {
        assert_eq!(cancelled_after(&world, 1, Some(expected)).await, Cancelled::Lost);
    }
    assert_eq!(cancelled_after(&world, 1, Some(&mark)).await, Cancelled::Now);
    world.run::<()>("FLUSHALL").await;
    assert_eq!(cancelled_after(&world, 1, Some(&mark)).await, Cancelled::Lost);
    assert_eq!(cancelled(&world, 1).await, Cancelled::Absent);
}

/// Two workers hold the same message before either has asked; the first lays it aside.
#[tokio::test]
async fn a_second_holder_of_a_cancelled_message_is_told_too() {
    let world = World::start().await;
    publish(&world, 1..=1).await;
    assert_eq!(cancelled(&world, 1).await, Cancelled::Now);
    let held = ids(&read(&mut world.worker("a"), 1).await);
    let other = world.worker("b");
    let mut reclaimer = streams::Reclaimer::new(&world.redis, 0, "b", other.in_hand());
    assert_eq!(ids(&reclaimer.reclaim(std::time::Duration::ZERO, 1).await.unwrap()), held);
    for _ in 0..2 {
        assert_eq!(accept(&world.redis, 0, &[taken(held[0], 1)]).await.unwrap(), held);
    }
    assert_eq!(world.events().await.len(), 2, "placed and cancelled");
}

#[tokio::test]
async fn of_a_worker_and_a_canceller_at_the_same_moment_one_wins() {
    let world = World::start().await;
    publish(&world, 1..=200).await;
    let mut worker = world.worker("w");
    let reading = async {
        let mut accepted = Vec::new();
        let mut seen = 0;
        while seen < 200 {
            let entries = worker.next(7).await.unwrap();
            let held = ids(&entries);
            let asked: Vec<_> = entries
                .iter()
                .map(|entry| Accept { entry: entry.id, order: order_of(entry), event: None })
                .collect();
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
    publish(&world, 1..=2).await;
    assert_eq!(cancelled(&world, 1).await, Cancelled::Now);
    let held = ids(&read(&mut world.worker("w"), 2).await);
    world.run::<()>("CONFIG SET maxmemory 1").await;
    let batch = [taken(held[0], 1), taken(held[1], 2)];
    let refused = accept(&world.redis, 0, &batch[1..]).await.unwrap_err();
    assert!(!refused.is_connection(), "{refused}");
    let quiet = batch.map(|accept| Accept { event: None, ..accept });
    assert_eq!(accept(&world.redis, 0, &quiet).await.unwrap(), [held[0]]);
}
