//! Publishing is idempotent by sequence number, and sees a loss before it adds anything.

use std::ops::RangeInclusive;

use streams::{
    EntryId, Mark, Outcome, Producer, Redis, Subscription,
    keys::{METRICS_SERVICE, ORDER_API, Stream},
    lag::lag,
};

use crate::world::{World, delivered, orders, publication, read, run, subjects};

async fn publish_after(redis: &Redis, mark: &Mark, numbers: impl IntoIterator<Item = i64>) -> Outcome {
    let batch: Vec<_> = numbers.into_iter().map(publication).collect();
    Producer::new(redis, "").publish_after(0, "api", mark, &batch).await.unwrap()
}

#[tokio::test]
async fn command_and_event_are_added_together_and_in_order() {
    let world = World::start().await;
    let batch: Vec<_> = (1..=512).map(publication).collect();
    let published = Producer::new(&world.redis, "").publish(0, "api", &batch).await.unwrap();
    let (queue, events) = (world.queue().await, world.events().await);
    assert_eq!(subjects(&queue), orders(1..=512));
    assert_eq!(subjects(&events), orders(1..=512));
    assert_eq!(queue[0].texts, ["type", "order.process", "subject", &orders([1])[0], "data", "{\"n\":1}"]);
    assert_eq!(events[0].field("type"), "order.placed");
    assert_eq!((published.added, published.mark.last_seq), (512, 512));
    assert_eq!(published.mark.last_id, queue[511].id);
    assert!(!published.mark.epoch.is_empty());
}

#[tokio::test]
async fn a_batch_that_is_sent_again_is_added_once() {
    let world = World::start().await;
    assert_eq!(world.publish(1..=10).await, 10);
    assert_eq!(world.publish(1..=10).await, 0);
    assert_eq!(world.publish(6..=15).await, 5);
    assert_eq!(world.publish([15, 20, 17]).await, 1, "numbers must grow within a batch too");
    assert_eq!(subjects(&world.queue().await), orders((1..=15).chain([20])));
    assert_eq!(subjects(&world.events().await), orders((1..=15).chain([20])));
}

#[tokio::test]
async fn an_empty_batch_only_tells_where_redis_stands() {
    let world = World::start().await;
    let producer = Producer::new(&world.redis, "");
    let before = producer.publish(0, "api", &[]).await.unwrap();
    assert_eq!((before.added, before.mark.last_id, before.mark.last_seq), (0, EntryId::MIN, 0));
    world.publish([3]).await;
    let after = producer.publish(0, "api", &[]).await.unwrap();
    assert_eq!(after.mark, Mark { last_id: world.queue().await[0].id, last_seq: 3, ..before.mark });
}

/// It would read and acknowledge what it knows already.
#[tokio::test]
async fn the_publishers_own_group_is_led_past_what_is_no_news_once_it_has_read_everything() {
    let world = World::start().await;
    let producer = Producer::new(&world.redis, ORDER_API);
    let publish = async |numbers: RangeInclusive<i64>, known: bool| {
        let batch: Vec<_> =
            numbers.map(|number| streams::Publication { known, ..publication(number) }).collect();
        producer.publish(0, "api", &batch).await.unwrap();
    };
    let undelivered = async |group| lag(&world.redis, Stream::Events, 0, group).await.unwrap().undelivered;
    let mut follower = Subscription::new(&world.redis, Stream::Events, 0, ORDER_API, "f").unwrap();

    publish(1..=3, false).await;
    publish(4..=6, true).await;
    assert_eq!(delivered(&read(&mut follower, 6).await), orders(1..=6), "it was not at the end");
    publish(7..=9, true).await;
    publish(10..=10, true).await;
    assert_eq!(undelivered(ORDER_API).await, Some(0), "led past, and Redis has not lost count");
    publish(11..=12, false).await;
    publish(13..=13, true).await;
    assert_eq!(undelivered(ORDER_API).await, Some(3));
    assert_eq!(delivered(&read(&mut follower, 3).await), orders(11..=13));
    assert_eq!(undelivered(METRICS_SERVICE).await, Some(13), "nobody else is led past anything");
}

#[tokio::test]
async fn each_producer_has_its_own_numbers() {
    let world = World::start().await;
    let producer = Producer::new(&world.redis, "");
    for (name, order) in [("a", 1), ("b", 2)] {
        let first = streams::Publication { seq: 1, ..publication(order) };
        assert_eq!(producer.publish(0, name, &[first]).await.unwrap().added, 1);
    }
    assert_eq!(world.queue().await.len(), 2);
}

#[tokio::test]
async fn a_script_that_redis_forgot_is_loaded_again() {
    let world = World::start().await;
    world.publish([1]).await;
    world.run::<()>("SCRIPT FLUSH").await;
    assert_eq!(world.publish([1, 2]).await, 1);
    assert_eq!(subjects(&world.queue().await), orders([1, 2]));
}

#[tokio::test]
async fn batches_sent_at_once_are_added_once() {
    let world = World::start().await;
    let batch: Vec<_> = (1..=100).map(publication).collect();
    let (first, second) = (Producer::new(&world.redis, ""), Producer::new(&world.redis, ""));
    let (a, b) = tokio::join!(first.publish(0, "api", &batch), second.publish(0, "api", &batch));
    assert_eq!(a.unwrap().added + b.unwrap().added, 100);
    assert_eq!(subjects(&world.queue().await), orders(1..=100));
}

#[tokio::test]
async fn what_is_expected_goes_on() {
    let world = World::start().await;
    let producer = Producer::new(&world.redis, "");
    let mark = producer.publish(0, "api", &[publication(1)]).await.unwrap().mark;
    let Outcome::Published(second) = publish_after(&world.redis, &mark, [2]).await else {
        panic!("nothing is lost")
    };
    // The answer of that was lost: the producer still has the older mark.
    let Outcome::Published(again) = publish_after(&world.redis, &mark, [2, 3]).await else {
        panic!("nothing is lost")
    };
    assert_eq!((second.added, again.added), (1, 1));
    assert_eq!(subjects(&world.queue().await), orders([1, 2, 3]));
}

#[tokio::test]
async fn a_loss_is_seen_before_anything_is_added() {
    let world = World::start().await;
    let producer = Producer::new(&world.redis, "");
    let batch = [publication(1), publication(2)];
    let mark = producer.publish(0, "api", &batch).await.unwrap().mark;

    // A replica that had not seen the last messages: its stream ends earlier.
    let ahead = Mark { last_id: EntryId::new(mark.last_id.ms + 1, 0), ..mark.clone() };
    assert_eq!(publish_after(&world.redis, &ahead, [3]).await, Outcome::Lost(mark.clone()));
    let ahead = Mark { last_id: EntryId::new(mark.last_id.ms, mark.last_id.seq + 1), ..mark.clone() };
    assert_eq!(publish_after(&world.redis, &ahead, [3]).await, Outcome::Lost(mark.clone()));
    // Others have written since, so that the stream is long enough; this producer's last batch is gone all the same.
    let ahead = Mark { last_seq: 3, ..mark.clone() };
    assert_eq!(publish_after(&world.redis, &ahead, [4]).await, Outcome::Lost(mark.clone()));
    assert_eq!(world.queue().await.len(), 2);

    // All is gone.
    world.run::<()>("FLUSHALL").await;
    let nothing = Mark { epoch: String::new(), last_id: EntryId::MIN, last_seq: 0 };
    assert_eq!(publish_after(&world.redis, &mark, [3]).await, Outcome::Lost(nothing.clone()));
    assert_eq!(run::<i64>(&world.redis, "DBSIZE").await.unwrap(), 0, "looking leaves nothing behind");

    // And another data set has taken its place.
    let published = producer.publish(0, "api", &batch).await.unwrap();
    assert_ne!(published.mark.epoch, mark.epoch);
    assert_eq!(published.added, 2);
    let older = Mark { last_id: EntryId::MIN, last_seq: 0, ..mark };
    assert_eq!(publish_after(&world.redis, &older, [3]).await, Outcome::Lost(published.mark));
}

#[tokio::test]
async fn an_order_that_has_a_live_message_gets_no_second_one() {
    let world = World::start().await;
    let producer = Producer::new(&world.redis, "");
    world.publish([1]).await;
    let again = streams::Publication { seq: 7, event: None, ..publication(1) };
    let published = producer.publish(0, "api", std::slice::from_ref(&again)).await.unwrap();
    assert_eq!((published.added, published.mark.last_seq), (0, 7));
    let other = producer.publish(0, "another", &[again.clone(), publication(8)]).await.unwrap();
    assert_eq!(other.added, 1);
    assert_eq!(subjects(&world.queue().await), orders([1, 8]));

    // Once it has come to its end it may be published again: a person lets it be tried once more.
    let held = crate::world::ids(&read(&mut world.worker("w"), 2).await);
    let order = Some(crate::world::order(1));
    world.finish(&[streams::Finish { entry: held[0], order, effects: Vec::new() }]).await;
    let again = streams::Publication { seq: 9, ..again };
    assert_eq!(producer.publish(0, "another", &[again]).await.unwrap().added, 1);
    assert_eq!(subjects(&world.events().await), orders([1, 8]), "a command without an event");
}
