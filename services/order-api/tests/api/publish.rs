//! From the database to the streams: once, in order, and late rather than never.

use std::collections::BTreeSet;

use contract::{Command, Event, EventKind};
use fred::interfaces::StreamsInterface;
use sea_orm::ConnectionTrait;
use serde_json::json;
use streams::{Redis, Stream};
use system_tests::eventually;

use crate::{
    cancel::{cancelled, limit_memory},
    worker::Worker,
    world::{World, open, order},
};

async fn entries(redis: &Redis, stream: Stream) -> Vec<Vec<(String, String)>> {
    let key = redis.keys().stream(stream, 0);
    let found: Vec<(String, Vec<String>)> = redis.client().xrange(key, "-", "+", None).await.unwrap();
    let pairs = |texts: Vec<String>| {
        texts.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect::<Vec<_>>()
    };
    found.into_iter().map(|(_, texts)| pairs(texts)).collect()
}

async fn commands(redis: &Redis) -> Vec<Command> {
    entries(redis, Stream::Queue)
        .await
        .into_iter()
        .map(|fields| Command::from_fields(fields).unwrap())
        .collect()
}

async fn published(redis: &Redis, count: usize) -> Vec<Command> {
    eventually(&format!("{count} commands are published"), async || {
        let commands = commands(redis).await;
        if commands.len() >= count { Ok(commands) } else { Err(format!("{} are", commands.len())) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_becomes_one_command_and_one_event_with_its_trace() {
    let world = World::start().await;
    let redis = world.streams().await;
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let request = world.api.http.post(world.api.url("/orders")).header("traceparent", traceparent);
    let answer = crate::world::Answer::of(request.json(&order())).await;
    let commands = published(&redis, 1).await;
    let events = entries(&redis, Stream::Events).await;
    let event = Event::from_fields(events[0].clone()).unwrap();
    assert_eq!((commands.len(), events.len(), event.kind()), (1, 1, EventKind::Placed));
    for (id, traced) in [
        (commands[0].order_id(), &commands[0].envelope.traceparent),
        (event.order_id(), &event.envelope.traceparent),
    ] {
        assert_eq!((id.to_string(), traced.as_deref()), (answer.text_of("order_id"), Some(traceparent)));
    }
    eventually("the outbox is empty", async || {
        let status = world.api.get("/orders/status").await.json();
        if status["unpublished"] == 0 { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_accepted_without_redis_and_published_in_order_when_it_is_there() {
    let mut world = World::start_without_redis().await;
    assert_eq!(world.api.get("/readyz").await.status, 200, "accepting needs no Redis");
    let mut placed = Vec::new();
    for _ in 0..30 {
        placed.push(world.api.placed().await);
    }
    let away = world.api.get("/orders/status").await;
    assert_eq!((away.status.as_u16(), &away.json()["code"]), (503, &json!("redis_unavailable")));
    world.redis.daemon.start_ready().await;
    let commands = published(&world.streams().await, 30).await;
    let published: Vec<String> = commands.iter().map(|command| command.order_id().to_string()).collect();
    assert_eq!(published, placed);
}

/// Makes the outbox what it was before the last delete: the rows of the first run, under its name and numbers.
async fn restore_outbox(world: &World, redis: &Redis) -> u64 {
    let producers: Vec<String> =
        fred::interfaces::HashesInterface::hkeys(redis.client(), redis.keys().published(0)).await.unwrap();
    let [producer] = &producers[..] else { panic!("one run published: {producers:?}") };
    let database = open(&world.database()).await;
    let restored = database
        .execute_unprepared(&format!(
            "INSERT INTO outbox SELECT x'{producer}', row_number() OVER (ORDER BY id), id, 'place', 1, 1, NULL, NULL FROM orders"
        ))
        .await
        .unwrap();
    database.close().await.unwrap();
    restored.rows_affected()
}

/// The process dies after Redis has the messages and before the outbox knows: at the next start they are sent again.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_were_published_and_not_deleted_are_added_once() {
    let mut world = World::start().await;
    let redis = world.streams().await;
    for _ in 0..10 {
        world.api.placed().await;
    }
    published(&redis, 10).await;
    world.stop().await;
    assert_eq!(restore_outbox(&world, &redis).await, 10);
    world.start_again().await;
    let order_id = world.api.placed().await;
    let commands = published(&redis, 11).await;
    assert_eq!(commands.last().unwrap().order_id().to_string(), order_id);
    eventually("the old rows are gone", async || {
        let status = world.api.get("/orders/status").await.json();
        if status["unpublished"] == 0 { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
    let ids: BTreeSet<_> = self::commands(&redis).await.iter().map(Command::order_id).collect();
    assert_eq!((ids.len(), self::commands(&redis).await.len()), (11, 11), "each once");
}

/// The same, and Redis has lost everything: what is completed or cancelled does not begin anew.
#[tokio::test(flavor = "multi_thread")]
async fn rows_of_orders_that_have_moved_on_are_not_published_again() {
    let mut world = World::start().await;
    let redis = world.streams().await;
    let mut placed = Vec::new();
    for _ in 0..3 {
        placed.push(world.api.placed().await);
    }
    Worker::new(&redis).complete(1).await;
    assert_eq!(cancelled(&world, &placed[1]).await.status, 200);
    let done = world.api.get(&format!("/orders/{}?wait=60", placed[0])).await;
    assert_eq!(done.text_of("status"), "completed");
    world.stop().await;
    assert_eq!(restore_outbox(&world, &redis).await, 3);
    let () = fred::interfaces::ClientLike::flushall::<()>(redis.client(), false).await.unwrap();
    world.start_again().await;
    let commands = published(&redis, 1).await;
    eventually("the old rows are gone", async || {
        let status = world.api.get("/orders/status").await.json();
        if status["unpublished"] == 0 { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
    assert_eq!(commands[0].order_id().to_string(), placed[2]);
    assert_eq!(self::commands(&redis).await.len(), 1);
}

/// Redis is there, and so full that it takes not even the groups.
#[tokio::test(flavor = "multi_thread")]
async fn orders_are_accepted_also_by_one_that_starts_while_redis_is_full() {
    let mut world = World::start().await;
    let redis = world.streams().await;
    world.stop().await;
    limit_memory(&redis, 1).await;
    fred::interfaces::ClientLike::flushall::<()>(redis.client(), false).await.unwrap();
    world.start_again().await;
    eventually("it has seen what Redis says", async || {
        world.api.placed().await;
        let status = world.api.get("/orders/status").await;
        if status.json()["unpublished"].as_u64() > Some(20) { Ok(()) } else { Err(status.text) }
    })
    .await;
    limit_memory(&redis, 0).await;
    published(&redis, 21).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_while_redis_is_away_publishes_all_of_both_runs() {
    let mut world = World::start_without_redis().await;
    for kill in [true, false] {
        for _ in 0..5 {
            world.api.placed().await;
        }
        if kill {
            world.kill().await;
        } else {
            world.stop().await;
        }
        world.start_again().await;
    }
    world.api.placed().await;
    world.redis.daemon.start_ready().await;
    let commands = published(&world.streams().await, 11).await;
    let ids: BTreeSet<_> = commands.iter().map(Command::order_id).collect();
    assert_eq!((ids.len(), commands.len()), (11, 11));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_partition_has_its_own_orders() {
    let world = World::start_with(|config| config.redis.partitions = 3).await;
    let mut placed = BTreeSet::new();
    for _ in 0..40 {
        placed.insert(world.api.placed().await);
    }
    let options = streams::RedisOptions { partitions: 3, ..streams::RedisOptions::new(world.redis.url()) };
    let redis = Redis::new(&options).unwrap();
    assert!(redis.wait_until_ready(&tokio_util::sync::CancellationToken::new()).await);
    let found = eventually("all are published", async || {
        let mut found = BTreeSet::new();
        for partition in redis.keys().partitions() {
            let key = redis.keys().queue(partition);
            let entries: Vec<(String, Vec<String>)> =
                redis.client().xrange(key, "-", "+", None).await.unwrap();
            for (_, texts) in entries {
                let fields = texts.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone()));
                let command = Command::from_fields(fields.collect::<Vec<_>>()).unwrap();
                assert_eq!(redis.keys().partition_of(command.order_id()), partition);
                found.insert(command.order_id().to_string());
            }
        }
        if found.len() == 40 { Ok(found) } else { Err(format!("{} are", found.len())) }
    })
    .await;
    assert_eq!(found, placed);
}
