//! Redis loses something, and it can be told what.

use streams::{Mark, Outcome, Producer, absent::absent};

use crate::world::{World, ids, order, publication, take};

#[tokio::test]
async fn orders_without_a_message_are_told_from_those_that_wait_work_or_are_delayed() {
    let world = World::start().await;
    world.publish(1..=4).await;
    let held = ids(&take(&mut world.worker("w"), 3).await);
    let delay =
        streams::Effect::Delay { delay_ms: 3_600_000, command: crate::world::message("order.process", 1) };
    let finish = |index: usize, number, effects| streams::Finish {
        entry: held[index],
        order: Some(order(number)),
        effects,
    };
    let completed = streams::Effect::Event(crate::world::message("order.completed", 2));
    world.finish(&[finish(0, 1, vec![delay]), finish(1, 2, vec![completed])]).await;
    let asked: Vec<_> = (1..=6).map(order).collect();
    let found = absent(&world.redis, 0, &asked).await.unwrap();
    assert_eq!(found.orders, [order(2), order(5), order(6)]);
    assert_eq!(found.events_up_to, world.events().await.last().unwrap().id);
    world.run::<()>("FLUSHALL").await;
    let found = absent(&world.redis, 0, &asked[..4]).await.unwrap();
    assert_eq!((found.orders, found.events_up_to), (asked[..4].to_vec(), streams::EntryId::MIN));
    assert_eq!(absent(&world.redis, 0, &[]).await.unwrap().orders, []);
}

/// Kill -9 without its last moments: an append-only file that ends earlier is an earlier state, whole in itself.
#[tokio::test]
async fn a_lost_tail_is_seen_and_what_is_absent_is_published_again() {
    let mut world = World::start().await;
    let producer = Producer::new(&world.redis, "");
    let before: Vec<_> = (1..=5).map(publication).collect();
    producer.publish(0, "api", &before).await.unwrap();
    let kept = world.server.data();
    let after: Vec<_> = (6..=9).map(publication).collect();
    let mark = producer.publish(0, "api", &after).await.unwrap().mark;
    world.server.kill();
    world.server.put_back(&kept);
    world.server.restart();
    crate::world::eventually(|| async { world.redis.ping().await.is_ok() }).await;

    let Outcome::Lost(now) = producer.publish_after(0, "api", &mark, &[publication(10)]).await.unwrap()
    else {
        panic!("the loss was not seen");
    };
    assert_eq!((now.last_seq, &now.epoch), (5, &mark.epoch));
    let asked: Vec<_> = (1..=9).map(order).collect();
    let lost = absent(&world.redis, 0, &asked).await.unwrap().orders;
    assert_eq!(lost, asked[5..]);
    let again = (6..=9).map(|number| streams::Publication { seq: number + 5, ..publication(number) });
    let again: Vec<_> = again.collect();
    let Outcome::Published(published) = producer.publish_after(0, "api", &now, &again).await.unwrap() else {
        panic!("nothing is lost any more");
    };
    assert_eq!(published.added, 4);
    assert!(published.mark.last_id > Mark::clone(&now).last_id);
    assert_eq!(absent(&world.redis, 0, &asked).await.unwrap().orders, []);
}

/// What was found to be lost is where the next publication begins, and whatever is lost from there is seen as well.
#[tokio::test]
async fn two_losses_one_after_the_other_are_both_seen() {
    let world = World::start().await;
    let producer = Producer::new(&world.redis, "");
    let publish_after = async |mark: &Mark, number: i64| {
        producer.publish_after(0, "api", mark, &[publication(number)]).await.unwrap()
    };
    let mut mark = producer.publish(0, "api", &[publication(1)]).await.unwrap().mark;
    for number in [2, 3] {
        world.run::<()>("FLUSHALL").await;
        let Outcome::Lost(now) = publish_after(&mark, number).await else {
            panic!("the loss was not seen");
        };
        assert_eq!((now.epoch.as_str(), now.last_seq), ("", 0));
        let Outcome::Published(published) = publish_after(&now, number).await else {
            panic!("an empty Redis is what was expected");
        };
        assert_eq!(published.added, 1);
        assert!(matches!(publish_after(&now, number).await, Outcome::Lost(_)), "it is not empty any more");
        mark = published.mark;
    }
}
