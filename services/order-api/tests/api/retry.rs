//! Retrying: a failed order begins anew, once what was done for it is undone.

use std::collections::BTreeSet;

use contract::{Command, EventData, Step};
use serde_json::{Value, json};
use streams::Effect;
use system_tests::{eventually, postgres::PrivatePostgres};
use tokio::task::JoinSet;

use crate::{
    cancel::cancelled,
    follow::kinds,
    worker::{Taken, Worker},
    world::{Answer, World, order},
};

async fn retry(world: &World, order_id: &str) -> Answer {
    world.api.act(&format!("/orders/{order_id}/retry")).await
}

fn told(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.text_of(if answer.status == 200 { "status" } else { "code" }))
}

/// Places orders and lets them fail.
async fn failed(world: &World, worker: &mut Worker, bodies: &[Value]) -> Vec<String> {
    let mut placed = Vec::new();
    for body in bodies {
        placed.push(world.api.post("/orders", body).await.text_of("order_id"));
    }
    for taken in worker.take(bodies.len()).await {
        assert!(worker.accept(&taken).await);
        worker.finish(&taken, &taken.failed()).await;
    }
    for order_id in &placed {
        let order = world.api.get(&format!("/orders/{order_id}?wait=60")).await;
        assert_eq!(order.text_of("status"), "failed");
    }
    placed
}

/// Lets an order fail after its stock was reserved.
async fn failed_halfway(worker: &mut Worker) -> Taken {
    let taken = worker.take(1).await.remove(0);
    assert!(worker.accept(&taken).await);
    let mut event = taken.failed();
    let EventData::Failed(data) = &mut event.data else { panic!("a failure") };
    data.compensating = vec![Step::Stock];
    let undo = taken.data().clone().compensation(vec![Step::Stock]);
    let undo = Command::compensate("/order-processor", event.order_id(), event.envelope.time, None, undo);
    let effects = vec![Effect::Event(event.to_fields()), Effect::Queue(undo.to_fields())];
    assert!(worker.finish_with(&taken, effects).await);
    taken
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_order_begins_a_second_life() {
    let world = World::start().await;
    let mut worker = Worker::new(&world.streams().await);
    let order_id = failed(&world, &mut worker, &[order()]).await.remove(0);
    let before = world.api.get(&format!("/orders/{order_id}")).await.json();
    let answer = retry(&world, &order_id).await;
    assert_eq!(told(&answer), (200, "pending".to_owned()), "{answer:?}");
    let pending = answer.json();
    assert_eq!((&pending["attempts"], &pending["failure_reason"]), (&json!(0), &json!(null)));
    assert_eq!(pending["created_at"], before["created_at"]);
    assert_eq!(told(&retry(&world, &order_id).await), (409, "not_failed".to_owned()));

    let taken = worker.take(1).await.remove(0);
    let data = taken.data();
    assert_eq!((data.version, data.life, data.attempt), (4, 4, 1));
    assert!(worker.accept(&taken).await);
    worker.finish(&taken, &taken.completed()).await;
    let done = world.api.get(&format!("/orders/{order_id}?wait=60")).await;
    assert_eq!((told(&done), &done.json()["attempts"]), ((200, "completed".to_owned()), &json!(1)));
    let first = ["order.placed", "order.processing", "order.failed"];
    let second = ["order.placed", "order.processing", "order.completed"];
    assert_eq!(kinds(&world, &order_id).await, [first, second].concat());
    assert_eq!(told(&retry(&world, &order_id).await), (409, "not_failed".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_life_can_be_cancelled_and_fail_like_the_first() {
    let world = World::start().await;
    let mut worker = Worker::new(&world.streams().await);
    let placed = failed(&world, &mut worker, &[order(), order()]).await;
    assert_eq!(told(&retry(&world, &placed[0]).await).0, 200);
    assert_eq!(told(&cancelled(&world, &placed[0]).await), (200, "cancelled".to_owned()));
    assert_eq!(told(&retry(&world, &placed[0]).await), (409, "not_failed".to_owned()));
    let taken = worker.take(1).await.remove(0);
    assert!(!worker.accept(&taken).await, "a worker took it");
    let timeline = kinds(&world, &placed[0]).await;
    assert_eq!(timeline.last().unwrap(), "order.cancelled");

    for life in [4, 7] {
        assert_eq!(told(&retry(&world, &placed[1]).await), (200, "pending".to_owned()));
        let taken = worker.take(1).await.remove(0);
        assert_eq!((taken.data().life, taken.data().attempt), (life, 1));
        assert!(worker.accept(&taken).await);
        worker.finish(&taken, &taken.failed()).await;
        let order = world.api.get(&format!("/orders/{}?wait=60", placed[1])).await;
        assert_eq!(order.text_of("status"), "failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn not_before_what_was_done_is_undone() {
    let world = World::start().await;
    let mut worker = Worker::new(&world.streams().await);
    let order_id = world.api.placed().await;
    failed_halfway(&mut worker).await;
    world.api.get(&format!("/orders/{order_id}?wait=60")).await;
    assert_eq!(told(&retry(&world, &order_id).await), (409, "compensating".to_owned()));
    let undo = worker.take_any().await;
    assert_eq!(told(&retry(&world, &order_id).await), (409, "compensating".to_owned()));
    worker.finish(&undo, &undo.compensated()).await;
    eventually("it is undone", async || {
        let answer = retry(&world, &order_id).await;
        if answer.status == 200 { Ok(()) } else { Err(answer.text) }
    })
    .await;
    let taken = worker.take(1).await.remove(0);
    assert_eq!((taken.data().version, taken.data().life), (5, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_has_failed_is_retried() {
    let world = World::start().await;
    let pending = world.api.placed().await;
    assert_eq!(told(&retry(&world, &pending).await), (409, "not_failed".to_owned()));
    for id in ["retry", "status", "ORD-019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b", "1"] {
        for act in ["retry", "retry/", "cancel", "cancel/"] {
            let answer = world.api.act(&format!("/orders/{id}/{act}")).await;
            assert_eq!(told(&answer), (404, "order_not_found".to_owned()), "{id} {act}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_needs_no_redis_and_outlives_a_crash() {
    let mut world = World::start().await;
    let mut worker = Worker::new(&world.streams().await);
    let order_id = failed(&world, &mut worker, &[order()]).await.remove(0);
    drop(worker);
    world.redis.daemon.kill().await;
    assert_eq!(told(&retry(&world, &order_id).await), (200, "pending".to_owned()));
    world.kill().await;
    world.start_again().await;
    world.redis.daemon.start_ready().await;
    Worker::new(&world.streams().await).complete(1).await;
    let order = world.api.get(&format!("/orders/{order_id}?wait=60")).await;
    assert_eq!(order.text_of("status"), "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_retried_by_filter_oldest_first() {
    let world = World::start().await;
    let mut worker = Worker::new(&world.streams().await);
    let mut bobs = order();
    bobs["user_id"] = json!(42);
    let placed = failed(&world, &mut worker, &[order(), bobs, order(), order()]).await;
    let undone = world.api.placed().await;
    failed_halfway(&mut worker).await;
    world.api.get(&format!("/orders/{undone}?wait=60")).await;
    let pending = world.api.placed().await;

    let time = world.api.get(&format!("/orders/{}", placed[2])).await.text_of("created_at");
    let all = json!({"matched": 5, "retried": 0, "skipped": 1, "orders": placed, "more": false});
    for (body, expected) in [
        (json!({"dry_run": true}), all.clone()),
        (
            json!({"dry_run": true, "limit": 3}),
            json!({"matched": 4, "retried": 0, "skipped": 1, "orders": placed[..3], "more": true}),
        ),
        (
            json!({"dry_run": true, "user_id": 42}),
            json!({"matched": 1, "retried": 0, "skipped": 0, "orders": [placed[1]], "more": false}),
        ),
        (
            json!({"dry_run": true, "created_before": time}),
            json!({"matched": 2, "retried": 0, "skipped": 0, "orders": placed[..2], "more": false}),
        ),
        (
            json!({"dry_run": true, "created_from": time, "failure_code": "payment_refused"}),
            json!({"matched": 3, "retried": 0, "skipped": 1, "orders": placed[2..], "more": false}),
        ),
        (
            json!({"failure_code": "stock_unavailable"}),
            json!({"matched": 0, "retried": 0, "skipped": 0, "orders": [], "more": false}),
        ),
        (json!({"dry_run": true}), all),
        (
            json!({"limit": 2}),
            json!({"matched": 3, "retried": 2, "skipped": 1, "orders": placed[..2], "more": true}),
        ),
    ] {
        let answer = world.api.post("/orders/retry", &body).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, expected), "{body}");
    }
    for (order_id, status) in
        [(&placed[0], "pending"), (&placed[1], "pending"), (&placed[2], "failed"), (&pending, "pending")]
    {
        assert_eq!(world.api.get(&format!("/orders/{order_id}")).await.text_of("status"), status);
    }
    let get = world.api.get("/orders/retry").await;
    assert_eq!((get.status.as_u16(), get.header("allow")), (405, Some("POST")), "it is no order id");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_the_same_moment_retry_each_order_once() {
    let world = World::start().await;
    let mut worker = Worker::new(&world.streams().await);
    let placed = failed(&world, &mut worker, &vec![order(); 20]).await;
    let mut requests = JoinSet::new();
    for slash in ["", "/", "", "/"] {
        let request = world.api.http.post(world.api.url(&format!("/orders/retry{slash}")));
        requests.spawn(Answer::of(request.json(&json!({}))));
    }
    let mut retried = Vec::new();
    for answer in requests.join_all().await {
        let answer = answer.json();
        assert_eq!(answer["orders"].as_array().unwrap().len(), answer["retried"].as_u64().unwrap() as usize);
        retried.extend(answer["orders"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()));
    }
    retried.sort_unstable();
    assert_eq!(retried, placed, "each once");
    let taken = worker.take(20).await;
    let again: BTreeSet<String> = taken.iter().map(|taken| taken.command.order_id().to_string()).collect();
    assert_eq!(again, placed.into_iter().collect());
}

/// The statements are the same, and the other database understands them.
#[tokio::test(flavor = "multi_thread")]
async fn on_postgresql_people_decide_alike() {
    let postgres = PrivatePostgres::start().await;
    let world = World::start_with(|config| config.database.url = postgres.url()).await;
    let mut worker = Worker::new(&world.streams().await);
    let placed = failed(&world, &mut worker, &[order(), order(), order()]).await;
    let undone = world.api.placed().await;
    failed_halfway(&mut worker).await;
    world.api.get(&format!("/orders/{undone}?wait=60")).await;
    assert_eq!(told(&retry(&world, &undone).await), (409, "compensating".to_owned()));
    assert_eq!(told(&retry(&world, &placed[2]).await), (200, "pending".to_owned()));
    let time = world.api.get(&format!("/orders/{}", placed[0])).await.text_of("created_at");
    let filter =
        json!({"user_id": "user-1", "failure_code": "payment_refused", "created_from": time, "limit": 1});
    let answer = world.api.post("/orders/retry", &filter).await;
    let expected = json!({"matched": 2, "retried": 1, "skipped": 1, "orders": placed[..1], "more": true});
    assert_eq!(answer.json(), expected);
    for order_id in [&placed[2], &placed[0]] {
        assert_eq!(told(&cancelled(&world, order_id).await), (200, "cancelled".to_owned()));
    }
    assert_eq!(told(&cancelled(&world, &placed[1]).await), (409, "already_failed".to_owned()));
}
