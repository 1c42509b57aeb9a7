//! Too much, and a database that can't be written: a clear 503, and everything goes on afterwards.

use serde_json::json;
use tokio::task::JoinSet;

use crate::world::{Answer, World, open, order};

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_database_and_a_full_queue_are_answers_and_pass() {
    let world = World::start_with(|config| {
        config.intake.queue = 8;
        config.intake.batch = 4;
        config.database.busy_timeout_ms = 500;
    })
    .await;
    let before = world.api.placed().await;
    let other = open(&world.database()).await;
    let other = other.get_sqlite_connection_pool().acquire().await.unwrap();
    let mut other = other;
    sea_orm::sqlx::query("BEGIN IMMEDIATE").execute(&mut *other).await.unwrap();

    let mut requests = JoinSet::new();
    for _ in 0..60 {
        requests.spawn(Answer::of(world.api.http.post(world.api.url("/orders")).json(&order())));
    }
    let answers = requests.join_all().await;
    let codes: Vec<String> = answers.iter().map(|answer| answer.text_of("code")).collect();
    assert!(answers.iter().all(|answer| answer.status == 503 && answer.header("retry-after") == Some("1")));
    assert!(codes.iter().any(|code| code == "overloaded"), "{codes:?}");
    assert!(codes.iter().any(|code| code == "storage_unavailable"), "{codes:?}");
    assert_eq!(world.api.get(&format!("/orders/{before}")).await.status, 200, "reading goes on");

    sea_orm::sqlx::query("ROLLBACK").execute(&mut *other).await.unwrap();
    let after = world.api.placed().await;
    let listed = world.api.get("/orders").await.json();
    let ids: Vec<_> = listed["orders"].as_array().unwrap().iter().map(|order| &order["order_id"]).collect();
    assert_eq!(ids, [&json!(after), &json!(before)], "what was answered 503 was not stored");
}
