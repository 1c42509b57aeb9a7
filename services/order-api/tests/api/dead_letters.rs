//! Dead letters: listed, looked at, sent again, deleted.

use contract::OrderId;
use fred::interfaces::StreamsInterface;
use serde_json::{Value, json};
use streams::{Effect, Redis, RedisOptions};
use system_tests::eventually;
use tokio_util::sync::CancellationToken;

use crate::{
    worker::Worker,
    world::{Answer, World},
};

/// Puts a message among the dead; its id.
async fn bury(redis: &Redis, partition: u16, fields: &[(&str, &str)]) -> String {
    let key = redis.keys().dead(partition);
    let id: String = redis.client().xadd(key, false, None::<()>, "*", fields.to_vec()).await.unwrap();
    format!("{partition}:{id}")
}

async fn delete(world: &World, id: &str) -> Answer {
    Answer::of(world.api.http.delete(world.api.url(&format!("/dead-letters/{id}")))).await
}

fn ids(page: &Value) -> Vec<String> {
    let letters = page["dead_letters"].as_array().unwrap();
    letters.iter().map(|letter| letter["id"].as_str().unwrap().to_owned()).collect()
}

fn code(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.text_of("code"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_worker_could_read_is_shown_as_it_came() {
    let world = World::start().await;
    let redis = world.streams().await;
    assert_eq!(world.api.get("/dead-letters").await.json(), json!({"dead_letters": [], "next_cursor": null}));
    // As a worker does it.
    let order_id = world.api.placed().await;
    let mut worker = Worker::new(&redis);
    let taken = worker.take(1).await.remove(0);
    let fields = taken.entry.fields.clone().unwrap();
    let dead = Effect::Dead { reason: "unknown type".to_owned(), fields: fields.clone() };
    assert!(worker.finish_with(&taken, vec![dead]).await);
    let page = world.api.get("/dead-letters/").await.json();
    let letter = &page["dead_letters"][0];
    let shown: Vec<Value> =
        fields.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    assert_eq!(letter["fields"], Value::Array(shown));
    assert_eq!(
        (&letter["reason"], &letter["entry_id"], &letter["order_id"]),
        (&json!("unknown type"), &json!(taken.entry.id.to_string()), &json!(order_id))
    );
    let died_at: contract::Timestamp = letter["died_at"].as_str().unwrap().parse().unwrap();
    let id = letter["id"].as_str().unwrap();
    let millis: i64 = id.split([':', '-']).nth(1).unwrap().parse().unwrap();
    assert_eq!(died_at.as_millis(), millis);
    for slash in ["", "/"] {
        assert_eq!(&world.api.get(&format!("/dead-letters/{id}{slash}")).await.json(), letter);
    }

    // By hand, and of a kind that nobody knows.
    let other = bury(&redis, 0, &[("what", "is"), ("what", "this"), ("subject", "nobody")]).await;
    let shown = world.api.get(&format!("/dead-letters/{other}")).await.json();
    assert_eq!(
        (&shown["reason"], &shown["entry_id"], &shown["order_id"]),
        (&json!(""), &json!(null), &json!(null))
    );
    assert_eq!(shown["fields"].as_array().unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_sent_again_as_it_came_and_dead_no_more() {
    let world = World::start().await;
    let redis = world.streams().await;
    let order_id = world.api.placed().await;
    let mut worker = Worker::new(&redis);
    let taken = worker.take(1).await.remove(0);
    let fields = taken.entry.fields.clone().unwrap();
    let dead = Effect::Dead { reason: "unknown type".to_owned(), fields };
    assert!(worker.finish_with(&taken, vec![dead]).await);
    let id = ids(&world.api.get("/dead-letters").await.json()).remove(0);
    let answer = world.api.act(&format!("/dead-letters/{id}/redrive")).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"id": id, "outcome": "redriven"})));
    let again = world.api.act(&format!("/dead-letters/{id}/redrive/")).await;
    assert_eq!(code(&again), (404, "dead_letter_not_found".to_owned()));
    worker.complete(1).await;
    let order = world.api.get(&format!("/orders/{order_id}?wait=60")).await;
    assert_eq!(order.text_of("status"), "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_lives_gets_no_second_message() {
    let world = World::start().await;
    let redis = world.streams().await;
    let order_id = world.api.placed().await;
    let mut worker = Worker::new(&redis);
    let taken = worker.take(1).await.remove(0);
    let id = bury(&redis, 0, &[("dead_reason", "torn"), ("subject", &order_id), ("data", "{")]).await;
    let refused = world.api.act(&format!("/dead-letters/{id}/redrive")).await;
    assert_eq!(code(&refused), (409, "order_has_message".to_owned()));
    let empty = bury(&redis, 0, &[("dead_reason", "nothing in it")]).await;
    let refused = world.api.act(&format!("/dead-letters/{empty}/redrive")).await;
    assert_eq!(code(&refused), (409, "nothing_to_send".to_owned()));
    assert_eq!(delete(&world, &empty).await.status, 204);
    worker.finish(&taken, &taken.completed()).await;
    assert_eq!(world.api.act(&format!("/dead-letters/{id}/redrive")).await.status, 200);
    assert_eq!(world.api.get("/dead-letters").await.json()["dead_letters"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_deleted_for_good_and_no_other_form_is_an_id() {
    let world = World::start().await;
    let redis = world.streams().await;
    let (id, kept) = (bury(&redis, 0, &[("a", "b")]).await, bury(&redis, 0, &[("c", "d")]).await);
    let answer = delete(&world, &id).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    assert_eq!(code(&delete(&world, &format!("{id}/")).await), (404, "dead_letter_not_found".to_owned()));
    let entry = kept.strip_prefix("0:").unwrap();
    for id in [
        entry,
        &format!("1:{entry}"),
        &format!("00:{entry}"),
        &format!("+0:{entry}"),
        "0:1",
        "0:0-0",
        "x",
        "redrive",
    ] {
        let redrive = world.api.act(&format!("/dead-letters/{id}/redrive")).await;
        assert_eq!(code(&redrive), (404, "dead_letter_not_found".to_owned()), "{id}");
        if id != "redrive" {
            assert_eq!(world.api.get(&format!("/dead-letters/{id}")).await.status, 404, "{id}");
            assert_eq!(delete(&world, id).await.status, 404, "{id}");
        }
    }
    assert_eq!(ids(&world.api.get("/dead-letters").await.json()), [kept]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_go_through_all_partitions() {
    let world = World::start_with(|config| config.redis.partitions = 3).await;
    let options = RedisOptions { partitions: 3, ..RedisOptions::new(world.redis.url()) };
    let redis = Redis::new(&options).unwrap();
    assert!(redis.wait_until_ready(&CancellationToken::new()).await);
    let mut buried = Vec::new();
    for number in 0..25 {
        buried.push(bury(&redis, [2, 0, 1, 1][number % 4], &[("number", &number.to_string())]).await);
    }
    // The same moment in all three.
    let last = "18446744073709551615-18446744073709551615";
    for partition in 0..3 {
        let key = redis.keys().dead(partition);
        let _: String = redis.client().xadd(key, false, None::<()>, last, vec![("a", "b")]).await.unwrap();
        buried.push(format!("{partition}:{last}"));
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.api.get(&format!("/dead-letters?limit=3{cursor}")).await.json();
        seen.extend(ids(&page));
        match &page["next_cursor"] {
            Value::String(next) => cursor = format!("&cursor={next}"),
            _ => break,
        }
    }
    let by_time = |id: &String| {
        let parts: Vec<u64> = id.split([':', '-']).map(|part| part.parse().unwrap()).collect();
        (parts[1], parts[2], parts[0])
    };
    buried.sort_unstable_by_key(by_time);
    assert_eq!(seen, buried);
    for (query, name) in [("cursor=7", "cursor"), ("limit=0", "limit"), ("limit=101", "limit")] {
        let refused = world.api.get(&format!("/dead-letters?{query}")).await;
        assert_eq!(code(&refused), (400, "invalid_parameter".to_owned()));
        assert_eq!(refused.json()["errors"][0]["field"], name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_sent_again_each_with_its_result() {
    let world = World::start().await;
    let redis = world.streams().await;
    let lives = world.api.placed().await;
    let mut worker = Worker::new(&redis);
    worker.take(1).await;
    let gone: OrderId = "ORD-019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b".parse().unwrap();
    let gone = gone.to_string();
    let first = bury(&redis, 0, &[("subject", &gone), ("n", "1")]).await;
    let second = bury(&redis, 0, &[("subject", &gone), ("n", "2")]).await;
    let living = bury(&redis, 0, &[("subject", &lives)]).await;
    let empty = bury(&redis, 0, &[("dead_reason", "nothing")]).await;
    let unknown = bury(&redis, 0, &[("what", "this")]).await;

    let outcomes = |answer: &Answer| -> Vec<(String, String)> {
        assert_eq!(answer.status, 200, "{answer:?}");
        let results = answer.json()["results"].as_array().unwrap().clone();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        results.iter().map(|one| (text(&one["id"]), text(&one["outcome"]))).collect()
    };
    let expected = |done: &str| {
        let outcomes = [
            (&first, done),
            (&second, "order_has_message"),
            (&living, "order_has_message"),
            (&empty, "nothing_to_send"),
            (&unknown, done),
        ];
        outcomes.map(|(id, outcome)| (id.clone(), outcome.to_owned()))
    };
    // A dry run tells what will be, and does nothing, however often.
    for body in [json!({"all": true}), json!({"all": true, "dry_run": true})] {
        let answer = world.api.post("/dead-letters/redrive", &body).await;
        assert_eq!(outcomes(&answer), expected("redrivable"));
        assert_eq!((&answer.json()["redriven"], &answer.json()["dry_run"]), (&json!(0), &json!(true)));
    }
    let twice = json!({"ids": [unknown, unknown, "7", "0:1-0"]});
    let answer = world.api.post("/dead-letters/redrive/", &twice).await;
    let tried: Vec<String> = outcomes(&answer).into_iter().map(|(_, outcome)| outcome).collect();
    assert_eq!(tried, ["redrivable", "not_found", "not_found", "not_found"]);

    let answer = world.api.post("/dead-letters/redrive", &json!({"all": true, "dry_run": false})).await;
    assert_eq!(outcomes(&answer), expected("redriven"));
    assert_eq!((&answer.json()["redriven"], &answer.json()["more"]), (&json!(2), &json!(false)));
    assert_eq!(
        ids(&world.api.get("/dead-letters").await.json()),
        [&second, &living, &empty].map(Clone::clone)
    );
    let named = json!({"ids": [first, second, "nonsense"], "dry_run": false});
    let again = world.api.post("/dead-letters/redrive", &named).await;
    let again: Vec<String> = outcomes(&again).into_iter().map(|(_, outcome)| outcome).collect();
    assert_eq!(again, ["not_found", "order_has_message", "not_found"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_at_once_and_the_rest_the_next_time() {
    let world = World::start().await;
    let redis = world.streams().await;
    let pipeline = redis.client().pipeline();
    for number in 0..1_005 {
        let () = pipeline
            .xadd(redis.keys().dead(0), false, None::<()>, "*", vec![("n", number.to_string())])
            .await
            .unwrap();
    }
    let () = pipeline.all::<Vec<String>>().await.map(|_| ()).unwrap();
    let all = json!({"all": true, "dry_run": false});
    let answer = world.api.post("/dead-letters/redrive", &all).await.json();
    assert_eq!((&answer["redriven"], &answer["more"]), (&json!(1_000), &json!(true)));
    let answer = world.api.post("/dead-letters/redrive", &all).await.json();
    assert_eq!((&answer["redriven"], &answer["more"]), (&json!(5), &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_nothing_is_known() {
    let world = World::start_without_redis().await;
    let one = "/dead-letters/0:1764000000000-0";
    for answer in [
        world.api.get("/dead-letters").await,
        world.api.get(one).await,
        delete(&world, "0:1764000000000-0").await,
        world.api.act(&format!("{one}/redrive")).await,
        world.api.post("/dead-letters/redrive", &json!({"all": true})).await,
        world.api.post("/dead-letters/redrive", &json!({"ids": ["0:1-0"], "dry_run": false})).await,
    ] {
        assert_eq!(code(&answer), (503, "redis_unavailable".to_owned()));
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    eventually("orders are accepted", async || {
        let answer = world.api.post("/orders", &crate::world::order()).await;
        if answer.status == 201 { Ok(()) } else { Err(answer.text) }
    })
    .await;
}
