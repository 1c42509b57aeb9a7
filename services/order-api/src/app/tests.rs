//! No statement of the running service looks at all orders, however many there are.

use reqwest::Client;
use sea_orm::{ActiveModelTrait, Set};
use serde_json::{Value, json};
use system_tests::{eventually, plans::Plans, redis::PrivateRedis};

use super::*;
use crate::entities::order;

/// What is not published yet and what belongs to a partition or a run is little, however long the service is used. The third is
/// an index of those orders that are being undone.
const SMALL: [&str; 5] = ["outbox", "marks", "producers", "orders_compensating", "changed"];

/// What the service does without being asked: relay, follower, healing, retention, webhooks. Of the writer what it does with
/// care: what its own thread asks SQLite for is not seen here, and is the same rows one by one.
const BY_ITSELF: [&str; 12] = [
    r#"DELETE FROM "outbox""#,
    "SET status = changed.column2",
    r#"WHERE "compensating" AND"#,
    "NOT (status <> 'cancelled')",
    r#""idempotency_keys"."created_at" < "#,
    r#""orders"."updated_at" < "#,
    r#"INSERT INTO "producers""#,
    "INTO callbacks",
    "INTO webhooks",
    r#""webhooks"."due_at" <= "#,
    r#"UPDATE "webhooks""#,
    r#""webhooks"."finished_at" < "#,
];

#[tokio::test(flavor = "multi_thread")]
async fn no_statement_looks_at_all_orders() {
    let (redis, folder) = (PrivateRedis::start().await, tempfile::tempdir().unwrap());
    let mut config = Config::load(None).unwrap();
    "127.0.0.1:0".clone_into(&mut config.http.listen);
    config.redis.url = redis.url();
    config.database.url = format!("sqlite://{}", folder.path().join("orders.db").display());
    config.heal.interval_ms = 100;
    config.heal.age_ms = 0;
    config.retention.interval_ms = 1_000;
    config.retention.final_order_days = 1;
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".clone_into(&mut config.webhooks.secret.0);
    config.webhooks.allow_private = true;
    let _ = system_tests::Client::new(0, 0);
    let mut app = App::build(config, Clock::system()).await.unwrap();
    let (database, plans) = (app.database.clone(), Plans::default());
    plans.watch(&mut app.database.reader);
    plans.watch(&mut app.database.writer);
    let (url, shutdown) = (format!("http://{}", app.addr()), Shutdown::manual());
    let running = tokio::spawn(app.run(shutdown.clone()));
    let http = Client::builder().no_proxy().build().unwrap();

    // Nobody answers there.
    let callback = "http://127.0.0.1:9/";
    let order = json!({"user_id": "u", "item_ids": ["i"], "total_amount": 1, "callback_url": callback});
    let post = async |path: &str, body: &Value| {
        let answer =
            http.post(format!("{url}{path}")).header("Idempotency-Key", "key").json(body).send().await;
        answer.unwrap().json::<Value>().await.unwrap()
    };
    let id = |order: &Value| order["order_id"].as_str().unwrap().to_owned();
    let placed = id(&post("/orders", &order).await);
    assert_eq!(plans.missing(&["INTO callbacks"]).len(), 1, "the writer's own thread has done it");
    // After a repeat the writer takes care.
    assert_eq!(id(&post("/orders", &order).await), placed);
    let another = http.post(format!("{url}/orders")).json(&order).send().await.unwrap();
    assert_eq!(another.status(), 201);
    for path in all_reads(&placed) {
        let answer = http.get(format!("{url}{path}")).send().await.unwrap();
        assert!(answer.status().is_success() || answer.status() == 503, "{path}: {}", answer.status());
    }
    eventually("it can be cancelled", async || {
        let answer = http.post(format!("{url}/orders/{placed}/cancel")).send().await.unwrap();
        if answer.status() == 200 { Ok(()) } else { Err(answer.text().await.unwrap()) }
    })
    .await;
    let failed = order::ActiveModel {
        id: Set(placed.parse::<contract::OrderId>().unwrap().as_uuid()),
        status: Set("failed".to_owned()),
        ..Default::default()
    };
    failed.update(&database.writer).await.unwrap();
    post("/orders/retry", &json!({"dry_run": true, "user_id": "u", "failure_code": "c"})).await;
    assert_eq!(post("/orders/retry", &json!({})).await["matched"], 1);
    eventually("everything has been asked for", async || match plans.missing(&BY_ITSELF) {
        missing if missing.is_empty() => Ok(()),
        missing => Err(missing.join("; ")),
    })
    .await;
    let scans = plans.scans(&database.reader, &SMALL).await;
    assert!(scans.is_empty(), "{}", scans.join("\n"));
    shutdown.drain();
    running.await.unwrap().unwrap();
}

/// Every combination of filters of the list, and whatever else is read.
fn all_reads(order: &str) -> Vec<String> {
    let filters = [
        "status=completed",
        "user_id=u",
        "created_from=2026-01-01T00:00:00Z",
        "created_before=2026-01-01T00:00:00Z",
        &format!("cursor={order}"),
    ];
    let lists = (0..1 << filters.len()).map(|chosen| {
        let chosen = filters.iter().enumerate().filter(|(bit, _)| chosen >> bit & 1 == 1);
        let chosen: Vec<&str> = chosen.map(|(_, filter)| *filter).collect();
        format!("/orders?{}", chosen.join("&"))
    });
    let others =
        ["/orders/status", "/orders/metrics", "/internal/orders", "/readyz", "/metrics"].map(str::to_owned);
    let of_order = ["", "/events", "/webhooks"].map(|path| format!("/orders/{order}{path}"));
    let pages = [format!("/internal/orders?after={order}")];
    lists.chain(others).chain(of_order).chain(pages).collect()
}
