//! Redis may be away, slow, replaced: commands fail fast, and everything goes on when it is back.

use std::time::Duration;

use streams::{Producer, Redis, RedisOptions, StreamError};
use system_tests::proxy::{Network, Proxy};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    server::{Server, free_port},
    world::{World, connect, delivered, eventually, orders, publication, read, subjects, within_deadline},
};

#[tokio::test]
async fn without_redis_commands_fail_at_once_and_waiting_can_be_stopped() {
    let redis = Redis::new(&RedisOptions::new(format!("redis://127.0.0.1:{}", free_port()))).unwrap();
    redis.connect();
    redis.connect();
    let error = within_deadline(redis.ping()).await.unwrap_err();
    assert!(error.is_connection() && !error.is_no_group(), "{error}");
    let error =
        within_deadline(Producer::new(&redis, "").publish(0, "api", &[publication(1)])).await.unwrap_err();
    assert!(error.is_connection(), "{error}");
    let shutdown = CancellationToken::new();
    shutdown.cancel();
    assert!(!within_deadline(redis.wait_until_ready(&shutdown)).await);
}

#[tokio::test]
async fn a_redis_that_comes_later_is_found() {
    let mut server = Server::start(&[]);
    server.kill();
    let redis = Redis::new(&RedisOptions::new(server.url())).unwrap();
    let shutdown = CancellationToken::new();
    let (ready, ()) = tokio::join!(redis.wait_until_ready(&shutdown), async { server.restart() });
    assert!(ready);
    redis.ping().await.unwrap();
}

#[tokio::test]
async fn after_kill_and_restart_everything_goes_on() {
    let mut world = World::start().await;
    world.publish(1..=3).await;
    let mut worker = world.worker("w");
    assert_eq!(delivered(&read(&mut worker, 3).await), orders(1..=3));
    world.server.kill();
    let refused = worker.next(10).await;
    assert!(refused.unwrap_err().is_connection());
    world.server.restart();
    eventually(|| async { world.redis.ping().await.is_ok() }).await;
    assert_eq!(world.publish(1..=4).await, 1);
    assert_eq!(delivered(&read(&mut worker, 1).await), orders([4]), "the first three are still in hand");
}

#[tokio::test]
async fn connections_that_are_cut_under_load_lose_and_double_nothing() {
    let world = World::start().await;
    let producer = async {
        for seq in 1..=200 {
            let batch = [publication(seq)];
            // As the relay does: until it is told that all is there.
            while Producer::new(&world.redis, "").publish(0, "api", &batch).await.is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    };
    let killer = connect(&RedisOptions::new(world.server.url())).await;
    let cuts = async {
        for _ in 0..10 {
            let _ = crate::world::run::<i64>(&killer, "CLIENT KILL TYPE normal SKIPME yes").await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let mut worker = world.worker("w");
    let ((), (), entries) =
        within_deadline(async { tokio::join!(producer, cuts, read(&mut worker, 200)) }).await;
    assert_eq!(subjects(&world.queue().await), orders(1..=200));
    let mut came = delivered(&entries);
    came.sort();
    assert_eq!(came, orders(1..=200));
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_and_found_again() {
    let world = World::start().await;
    let mut worker = world.worker("w");
    assert!(worker.next(1).await.unwrap().is_empty());
    world.server.signal("STOP");
    let producer = Producer::new(&world.redis, "");
    let batch = [publication(1)];
    let (published, next) =
        within_deadline(async { tokio::join!(producer.publish(0, "api", &batch), worker.next(1)) }).await;
    assert!(published.unwrap_err().is_connection());
    assert!(next.unwrap_err().is_connection());
    world.server.signal("CONT");
    eventually(|| async { producer.publish(0, "api", &batch).await.is_ok() }).await;
    assert_eq!(world.queue().await.len(), 1, "whether or not the first try got through");
    assert_eq!(delivered(&read(&mut worker, 1).await), orders([1]));
}

/// Steadily: whoever counts from the last command on never finds out.
#[tokio::test]
async fn a_half_open_connection_is_replaced_although_it_is_steadily_used() {
    let server = Server::start(&[]);
    let network = Proxy::to(server.port).await;
    let redis = connect(&RedisOptions::new(format!("redis://127.0.0.1:{}", network.port))).await;
    network.set(Network::Silent { refuses: false });
    eventually(|| async { redis.ping().await.is_err() }).await;
    network.set(Network::Fine);
    // Again every few milliseconds, without waiting for the answers before.
    let asking = async {
        let mut asked = JoinSet::new();
        loop {
            let redis = redis.clone();
            asked.spawn(async move { redis.ping().await });
            tokio::time::sleep(Duration::from_millis(5)).await;
            if let Some(answer) = asked.try_join_next()
                && answer.unwrap().is_ok()
            {
                return;
            }
        }
    };
    within_deadline(asking).await;
}

#[tokio::test]
async fn passwords_are_used_and_never_shown() {
    let server = Server::start(&["--requirepass", "s3cret"]);
    let url = format!("redis://:s3cret@127.0.0.1:{}", server.port);
    let options = RedisOptions::new(url);
    let redis = connect(&options).await;
    redis.ping().await.unwrap();
    assert!(!format!("{redis:?} {options:?}").contains("s3cret"));

    for url in ["redis://:s3cret@host:port", "s3cret", "", "redis://:s3cret@", "redis://:s3cret@host/x"] {
        let error = Redis::new(&RedisOptions::new(url)).unwrap_err();
        assert!(matches!(error, StreamError::Url(_)));
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    }
    let wrong = Redis::new(&RedisOptions::new(format!("redis://:wr0ng@127.0.0.1:{}", server.port))).unwrap();
    wrong.connect();
    let error = within_deadline(wrong.ping()).await.unwrap_err();
    assert!(error.is_connection() && !error.to_string().contains("wr0ng"), "{error}");
    eventually(|| async { wrong.connection_error().is_some_and(|reason| reason.contains("WRONGPASS")) })
        .await;
    assert!(!wrong.connection_error().unwrap().contains("wr0ng"));
    assert_eq!(redis.connection_error(), None);
}

#[tokio::test]
async fn a_server_that_would_lose_messages_is_warned_about() {
    let world = World::start().await;
    assert!(world.redis.warnings().await.is_empty());
    world.run::<()>("CONFIG SET maxmemory-policy allkeys-lru").await;
    world.run::<()>("CONFIG SET appendonly no").await;
    let warnings = world.redis.warnings().await;
    assert_eq!(warnings.len(), 2, "{warnings:?}");

    world.run::<()>("ACL SETUSER app on >pw ~* +@all -info").await;
    let restricted =
        connect(&RedisOptions::new(format!("redis://app:pw@127.0.0.1:{}", world.server.port))).await;
    assert!(restricted.warnings().await.is_empty());
}

#[tokio::test]
async fn connections_close_with_their_owners() {
    let world = World::start().await;
    let others = || async {
        let clients: String = world.run("CLIENT LIST TYPE normal").await;
        clients.lines().count() - 1
    };
    {
        let redis = connect(&RedisOptions::new(world.server.url())).await;
        let mut worker = world.worker("w");
        worker.next(1).await.unwrap();
        assert_eq!(others().await, 2);
        drop(redis);
    }
    eventually(|| async { others().await == 0 }).await;
}
