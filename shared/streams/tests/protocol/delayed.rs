//! Retries come when they are due, each once, the earliest first.

use std::time::Duration;

use fred::interfaces::StreamsInterface;
use proptest::{collection::vec, test_runner::TestRunner};
use streams::{
    Effect, Finish, Finisher, Producer, Redis, RedisOptions, Subscription,
    delayed::{Promoted, promote},
    groups,
    keys::{ORDER_PROCESSOR, Stream},
};

use crate::{
    server::Server,
    world::{World, connect, ids, message, order, orders, publication, read, run, subjects, within_deadline},
};

/// Publishes, takes and delays one order for each delay, in one step.
async fn delay(redis: &Redis, delays_ms: &[u64]) {
    let batch: Vec<_> = (1..).take(delays_ms.len()).map(publication).collect();
    Producer::new(redis, "").publish(0, "api", &batch).await.unwrap();
    let mut worker = Subscription::new(redis, Stream::Queue, 0, ORDER_PROCESSOR, "w").unwrap();
    let held = ids(&read(&mut worker, delays_ms.len()).await);
    let finish = |((entry, delay_ms), number)| Finish {
        entry,
        order: Some(order(number)),
        effects: vec![Effect::Delay { delay_ms, command: message("order.process", number) }],
    };
    let batch: Vec<_> = held.into_iter().zip(delays_ms.iter().copied()).zip(1..).map(finish).collect();
    let finisher = Finisher::new(redis, 0, ORDER_PROCESSOR, "w", 1);
    let won = finisher.finish(&finisher.call(), &batch).await.unwrap();
    assert!(won.iter().all(|won| *won));
}

/// Promotes, waiting as told, until nothing is delayed; the orders in the order they came.
async fn drain(redis: &Redis, limit: usize, published: usize) -> Vec<String> {
    within_deadline(async {
        while let Some(due_in) = promote(redis, 0, limit).await.unwrap().next_due_in {
            tokio::time::sleep(due_in).await;
        }
    })
    .await;
    let queue: Vec<(String, Vec<String>)> =
        redis.client().xrange(redis.keys().queue(0), "-", "+", None).await.unwrap();
    queue.into_iter().skip(published).map(|(_, texts)| texts[3].clone()).collect()
}

#[test]
fn each_comes_once_and_the_earliest_first() {
    let server = Server::start(&[]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let cases = std::cell::Cell::new(0);
    let mut config = proptest::test_runner::Config::with_cases(24);
    config.failure_persistence = None;
    TestRunner::new(config)
        .run(&(vec(0..30u64, 1..30), 1..8usize), |(delays_ms, limit)| {
            let case = cases.replace(cases.get() + 1);
            let came = runtime.block_on(async {
                let options =
                    RedisOptions { prefix: format!("case{case}"), ..RedisOptions::new(server.url()) };
                let redis = connect(&options).await;
                groups::ensure(&redis).await.unwrap();
                delay(&redis, &delays_ms).await;
                drain(&redis, limit, delays_ms.len()).await
            });
            let mut expected: Vec<_> = delays_ms
                .iter()
                .zip(1..)
                .map(|(delay, number)| (*delay, order(number).to_string()))
                .collect();
            expected.sort();
            let expected: Vec<_> = expected.into_iter().map(|(_, subject)| subject).collect();
            proptest::prop_assert_eq!(came, expected);
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn two_workers_that_promote_at_once_move_each_once() {
    let world = World::start().await;
    delay(&world.redis, &[0; 100]).await;
    let mover = || async {
        let mut moved = 0;
        while let Promoted { moved: now, next_due_in: Some(_) } = promote(&world.redis, 0, 7).await.unwrap() {
            moved += now;
        }
        moved
    };
    tokio::join!(mover(), mover(), mover());
    let mut came = subjects(&world.queue().await[100..]);
    came.sort();
    assert_eq!(came, orders(1..=100));
}

#[tokio::test]
async fn what_is_not_due_stays_and_tells_when_to_look_again() {
    let world = World::start().await;
    let nothing = Promoted { moved: 0, next_due_in: None };
    assert_eq!(promote(&world.redis, 0, 10).await.unwrap(), nothing);
    delay(&world.redis, &[3_600_000]).await;
    let promoted = promote(&world.redis, 0, 10).await.unwrap();
    assert_eq!(promoted.moved, 0);
    let due_in = promoted.next_due_in.unwrap();
    assert!(due_in > Duration::from_secs(3_500) && due_in <= Duration::from_hours(1), "{due_in:?}");
}

#[tokio::test]
async fn the_command_comes_back_as_it_was() {
    let world = World::start().await;
    world.publish([1]).await;
    let held = ids(&read(&mut world.worker("w"), 1).await);
    let command = vec![
        ("type", "order.process".to_owned()),
        ("data", "{\"näme\":\"a\\\"b\\\\c\\n\\u0001 / 💶\"}".to_owned()),
    ];
    let effects = vec![Effect::Delay { delay_ms: 0, command: command.clone() }];
    world.finish(&[Finish { entry: held[0], order: Some(order(1)), effects }]).await;
    assert_eq!(promote(&world.redis, 0, 10).await.unwrap().moved, 1);
    assert_eq!(world.queue().await[1].field("data"), command[1].1);
}

#[tokio::test]
async fn a_member_that_is_no_command_does_not_hold_up_the_others() {
    let world = World::start().await;
    for member in ["garbage", "{}", "[]", "[\"odd\"]", "7"] {
        let added: i64 =
            run(&world.redis, &format!("ZADD orderflow:{{0}}:delayed 1 {member}")).await.unwrap();
        assert_eq!(added, 1);
    }
    delay(&world.redis, &[0]).await;
    assert_eq!(drain(&world.redis, 2, 1).await, orders([1]));
    assert_eq!(world.dead().await.len(), 5);
}
