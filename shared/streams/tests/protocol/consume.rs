//! What was delivered is never forgotten, and never handed out twice while it is in hand.

use std::time::Duration;

use fred::types::Value;
use streams::{
    Entry, StreamError, Subscription,
    keys::{METRICS_SERVICE, ORDER_API, Stream},
};

use crate::world::{
    World, delivered, eventually, ids, message, orders, publication, read, run, within_deadline,
};

#[tokio::test]
async fn a_restarted_instance_finds_what_it_had_in_hand() {
    let world = World::start().await;
    world.publish(1..=5).await;
    assert_eq!(delivered(&read(&mut world.worker("w"), 5).await), orders(1..=5));
    world.publish([6]).await;

    let mut restarted = world.worker("w");
    let mut pages = Vec::new();
    for _ in 0..4 {
        pages.push(within_deadline(restarted.next(2)).await.unwrap());
    }
    let sizes: Vec<_> = pages.iter().map(Vec::len).collect();
    assert_eq!(sizes, [2, 2, 1, 1]);
    let entries = pages.concat();
    assert_eq!(delivered(&entries), orders(1..=6));
    assert_eq!(entries.iter().filter(|entry| entry.redelivered).count(), 5);
    assert_eq!(restarted.in_hand().ids(), ids(&entries));
}

#[tokio::test]
async fn another_instance_is_not_given_them() {
    let world = World::start().await;
    world.publish(1..=3).await;
    let mut first = world.worker("first");
    assert_eq!(within_deadline(first.next(2)).await.unwrap().len(), 2);
    assert_eq!(delivered(&read(&mut world.worker("second"), 1).await), orders([3]));
}

#[tokio::test]
async fn after_a_broken_connection_what_is_in_hand_does_not_come_again() {
    let world = World::start().await;
    world.publish(1..=3).await;
    let mut worker = world.worker("w");
    read(&mut worker, 3).await;
    for round in [4, 5] {
        world.run::<i64>("CLIENT KILL TYPE normal SKIPME yes").await;
        world.publish([round]).await;
        assert_eq!(delivered(&read(&mut worker, 1).await), orders([round]));
    }
}

/// Else what Redis has lost meanwhile would be hidden by what it delivers next.
#[tokio::test]
async fn a_connection_that_was_made_anew_between_two_reads_is_an_error_before_anything_is_delivered() {
    let mut world = World::start().await;
    world.publish([1]).await;
    let mut worker = world.worker("w");
    read(&mut worker, 1).await;
    let pending = world.pending().await;
    for round in [2, 3] {
        world.server.kill();
        world.server.restart();
        eventually(|| async { connections(&world).await == 2 }).await;
        world.publish([round]).await;
        let error = within_deadline(worker.next(10)).await.unwrap_err();
        assert!(matches!(error, StreamError::Reconnected), "{error}");
        assert_eq!(world.pending().await[..], pending[..], "nothing was delivered before it was told");
    }
    assert_eq!(delivered(&read(&mut worker, 2).await), orders([2, 3]));
}

/// The one for commands, and the reader's.
async fn connections(world: &World) -> usize {
    let list = run::<String>(&world.redis, "CLIENT LIST TYPE normal").await;
    list.map_or(0, |list| list.lines().count())
}

#[tokio::test]
async fn what_was_delivered_to_a_read_that_was_dropped_comes_with_the_next() {
    let world = World::start().await;
    let mut worker = world.worker("w");
    assert!(within_deadline(worker.next(10)).await.unwrap().is_empty());
    // The read is under way in Redis when its future goes.
    tokio::select! {
        _ = worker.next(10) => panic!("there is nothing to read"),
        () = blocked(&world) => {}
    }
    world.publish([1]).await;
    assert_eq!(world.pending().await.len(), 1, "it went to the read that nobody waits for");
    let entries = read(&mut worker, 1).await;
    assert_eq!(delivered(&entries), orders([1]));
    assert!(entries[0].redelivered);
}

async fn blocked(world: &World) {
    eventually(|| async {
        run::<String>(&world.redis, "INFO clients").await.unwrap().contains("blocked_clients:1")
    })
    .await;
}

#[tokio::test]
async fn rewinding_gives_back_what_is_in_hand_and_acknowledging_lets_it_go() {
    let world = World::start().await;
    world.publish(1..=4).await;
    let mut consumer = Subscription::new(&world.redis, Stream::Events, 0, ORDER_API, "w").unwrap();
    let entries = read(&mut consumer, 4).await;
    consumer.ack(&ids(&entries[..2])).await.unwrap();
    consumer.ack(&ids(&entries[..2])).await.unwrap();
    consumer.ack(&[]).await.unwrap();
    consumer.rewind();
    assert!(consumer.in_hand().is_empty());
    let again = read(&mut consumer, 2).await;
    assert_eq!(ids(&again), ids(&entries[2..]));
    consumer.ack(&ids(&again)).await.unwrap();
    consumer.rewind();
    assert!(within_deadline(consumer.next(10)).await.unwrap().is_empty());
    assert!(within_deadline(consumer.next(0)).await.unwrap().is_empty());
}

#[tokio::test]
async fn each_group_on_events_sees_every_event() {
    let world = World::start().await;
    world.publish([1]).await;
    world.emit(&[message("order.processing", 1), message("order.processing", 2)]).await;
    for group in [ORDER_API, METRICS_SERVICE] {
        let mut consumer = Subscription::new(&world.redis, Stream::Events, 0, group, "w").unwrap();
        assert_eq!(delivered(&read(&mut consumer, 3).await), orders([1, 1, 2]));
    }
}

#[tokio::test]
async fn an_entry_that_was_deleted_while_pending_can_be_acknowledged() {
    let world = World::start().await;
    world.publish(1..=3).await;
    let held = ids(&read(&mut world.worker("w"), 3).await);
    world.run::<i64>(&format!("XDEL orderflow:{{0}}:queue {}", held[1])).await;
    let mut worker = world.worker("w");
    let entries = read(&mut worker, 3).await;
    assert_eq!(entries[1], Entry { id: held[1], fields: None, redelivered: true });
    assert!(entries[0].fields.is_some() && entries[2].fields.is_some());
    worker.ack(&held).await.unwrap();
    assert!(world.pending().await.is_empty());
}

#[tokio::test]
async fn bytes_that_are_no_text_do_not_stop_the_stream() {
    let world = World::start().await;
    world
        .run::<String>(
            "EVAL return(redis.call('XADD',KEYS[1],'*','data','\\255\\254')) 1 orderflow:{0}:queue",
        )
        .await;
    world.publish([1]).await;
    let entries = read(&mut world.worker("w"), 2).await;
    assert_eq!(entries[0].fields, Some(vec![("data".to_owned(), "\u{fffd}\u{fffd}".to_owned())]));
    assert_eq!(delivered(&entries[1..]), orders([1]));
}

/// Ways to lose a group, and whether the messages are left.
const LOSSES: [(&str, bool); 3] = [
    ("FLUSHALL", false),
    ("DEL orderflow:{0}:queue", false),
    ("XGROUP DESTROY orderflow:{0}:queue order-processor", true),
];

#[tokio::test]
async fn a_group_that_is_lost_between_two_reads_is_made_again() {
    for (loss, _) in LOSSES {
        let world = World::start().await;
        let mut worker = world.worker("w");
        assert!(within_deadline(worker.next(10)).await.unwrap().is_empty());
        world.run::<Value>(loss).await;
        world.publish([1]).await;
        assert_eq!(delivered(&read(&mut worker, 1).await), orders([1]), "{loss}");
    }
}

#[tokio::test]
async fn a_group_that_is_lost_under_a_read_is_made_again_and_starts_at_the_beginning() {
    for (loss, messages_are_left) in LOSSES {
        let world = World::start().await;
        world.publish([1]).await;
        let mut worker = world.worker("w");
        let first = read(&mut worker, 1).await;
        worker.ack(&ids(&first)).await.unwrap();
        let expected = if messages_are_left { vec![1, 2] } else { vec![2] };
        let (came, ()) = tokio::join!(read(&mut worker, expected.len()), async {
            blocked(&world).await;
            world.run::<Value>(loss).await;
            world.publish([2]).await;
        });
        assert_eq!(delivered(&came), orders(expected), "{loss}");
    }
}

#[tokio::test]
async fn a_group_that_is_missing_from_the_start_is_made() {
    let world = World::start().await;
    world.run::<String>("FLUSHALL").await;
    let batch = [publication(1)];
    streams::Producer::new(&world.redis, "").publish(0, "api", &batch).await.unwrap();
    let mut consumer = Subscription::new(&world.redis, Stream::Events, 0, METRICS_SERVICE, "w").unwrap();
    assert_eq!(delivered(&read(&mut consumer, 1).await), orders([1]));
}

#[tokio::test]
async fn the_pending_list_is_read_again_without_a_reason_seen_here() {
    let world = World::start().await;
    world.publish(1..=2).await;
    let mut worker = world.worker("w");
    let held = read(&mut worker, 2).await;
    // As after a delivery to a connection that was gone: pending under our name, and not in hand.
    worker.done(&ids(&held[1..]));
    let again = tokio::time::timeout(Duration::from_secs(40), async {
        loop {
            let entries = worker.next(10).await.unwrap();
            if !entries.is_empty() {
                return entries;
            }
        }
    });
    assert_eq!(ids(&again.await.unwrap()), ids(&held[1..]));
}
