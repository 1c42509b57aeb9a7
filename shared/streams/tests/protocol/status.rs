//! The status tells how things are, whatever state Redis is in.

use streams::{Effect, Finish, Producer, QueueStatus, queue_status, snapshot};

use crate::world::{World, ids, message, order, publication, read};

fn empty() -> QueueStatus {
    QueueStatus { queue_length_exact: true, ..QueueStatus::default() }
}

#[tokio::test]
async fn an_empty_redis_has_an_empty_queue() {
    let world = World::start().await;
    assert_eq!(queue_status(&world.redis, 10).await.unwrap(), empty());
    world.run::<String>("FLUSHALL").await;
    assert_eq!(queue_status(&world.redis, 10).await.unwrap(), empty());
    assert_eq!(world.run::<i64>("DBSIZE").await, 0);
}

#[tokio::test]
async fn without_a_group_everything_waits() {
    let world = World::start().await;
    world.publish(1..=12).await;
    world.run::<i64>("XGROUP DESTROY orderflow:{0}:queue order-processor").await;
    let status = queue_status(&world.redis, 10).await.unwrap();
    assert_eq!((status.queue_length, status.in_progress), (12, 0));
    assert_eq!(status.pending_orders, (1..=10).map(order).collect::<Vec<_>>());
    assert!(status.oldest_waiting_age.is_some() && status.workers.is_empty());
}

#[tokio::test]
async fn what_was_delivered_is_in_progress() {
    let world = World::start().await;
    world.publish(1..=5).await;
    let mut worker = world.worker("w");
    assert_eq!(worker.next(3).await.unwrap().len(), 3);
    let status = queue_status(&world.redis, 1).await.unwrap();
    assert_eq!((status.queue_length, status.in_progress), (2, 3));
    assert_eq!(status.pending_orders, [order(4)]);
    assert_eq!(status.workers.len(), 1);
    assert_eq!((status.workers[0].name.as_str(), status.workers[0].pending), ("w", 3));

    read(&mut worker, 2).await;
    let status = queue_status(&world.redis, 10).await.unwrap();
    assert_eq!((status.queue_length, status.in_progress), (0, 5));
    assert_eq!((status.pending_orders.len(), status.oldest_waiting_age), (0, None));
}

#[tokio::test]
async fn delayed_and_dead_are_counted() {
    let world = World::start().await;
    world.publish(1..=3).await;
    let held = ids(&read(&mut world.worker("w"), 3).await);
    let effects = [
        Effect::Delay { delay_ms: 3_600_000, command: message("order.process", 1) },
        Effect::Delay { delay_ms: 3_600_000, command: message("order.process", 2) },
        Effect::Dead { reason: "why".to_owned(), fields: Vec::new() },
    ];
    let batch: Vec<_> = held
        .into_iter()
        .zip(effects)
        .map(|(entry, effect)| Finish { entry, order: None, effects: vec![effect] })
        .collect();
    world.finish(&batch).await;
    let status = queue_status(&world.redis, 10).await.unwrap();
    assert_eq!((status.delayed, status.dead, status.queue_length, status.in_progress), (2, 1, 0, 0));
}

#[tokio::test]
async fn where_redis_lost_count_it_is_counted() {
    let world = World::start().await;
    world.publish(1..=10).await;
    world.worker("w").next(2).await.unwrap();
    let waiting = world.queue().await[5].id;
    world.run::<i64>(&format!("XDEL orderflow:{{0}}:queue {waiting}")).await;
    let status = queue_status(&world.redis, 10).await.unwrap();
    assert_eq!((status.queue_length, status.queue_length_exact), (7, true));

    world.publish(11..=1_500).await;
    let status = queue_status(&world.redis, 10).await.unwrap();
    assert_eq!((status.queue_length, status.queue_length_exact), (1_499, false), "at most the whole stream");
}

#[tokio::test]
async fn partitions_add_up_and_the_oldest_orders_come_first() {
    let world = World::with_partitions(3).await;
    let producer = Producer::new(&world.redis, "");
    for number in 1..=9 {
        let partition = (number % 3) as u16;
        producer.publish(partition, "api", &[publication(number)]).await.unwrap();
    }
    let status = queue_status(&world.redis, 4).await.unwrap();
    assert_eq!(status.queue_length, 9);
    assert_eq!(status.pending_orders.len(), 4);
    // Entries of the same millisecond have no order between partitions; the first one of each is among the first.
    assert!(status.pending_orders.contains(&order(1)));
}

#[tokio::test]
async fn a_message_that_names_no_order_waits_all_the_same() {
    let world = World::start().await;
    world.run::<String>("XADD orderflow:{0}:queue * what ever").await;
    world.publish([1]).await;
    let status = queue_status(&world.redis, 10).await.unwrap();
    assert_eq!((status.queue_length, status.pending_orders), (2, vec![order(1)]));
}

#[tokio::test]
async fn the_snapshot_is_what_was_put_last() {
    let world = World::start().await;
    assert_eq!(snapshot::get(&world.redis).await.unwrap(), None);
    for json in ["{\"n\":1}", "{\"n\":2}"] {
        snapshot::put(&world.redis, json).await.unwrap();
    }
    assert_eq!(snapshot::get(&world.redis).await.unwrap().as_deref(), Some("{\"n\":2}"));
}
