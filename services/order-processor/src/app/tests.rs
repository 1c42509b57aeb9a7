//! No statement of the running service looks at the whole ledger, however long it is.

use contract::{Command, OrderContent, ProcessOrder, Timestamp};
use runtime::ids::new_order_id;
use streams::{Producer, Publication};
use system_tests::{eventually, plans::Plans, redis::PrivateRedis};

use super::*;

/// What finished attempts leave, and what is asked about orders that come back.
const SENT: [&str; 2] = ["INTO attempts", r#"FROM "attempts" WHERE"#];

#[tokio::test(flavor = "multi_thread")]
async fn no_statement_looks_at_the_whole_ledger() {
    let (server, folder) = (PrivateRedis::start().await, tempfile::tempdir().unwrap());
    let mut config = Config::load(None).unwrap();
    "127.0.0.1:0".clone_into(&mut config.http.listen);
    config.redis.url = server.url();
    config.database.url = format!("sqlite://{}", folder.path().join("ledger.db").display());
    config.processor.retry_base_ms = 1;
    config.processor.promote_interval_ms = 10;
    config.pipeline.simulated.latency_ms = 0;
    config.pipeline.simulated.unavailable_rate = 0.5;
    let mut app = App::build(config, Clock::system()).await.unwrap();
    let (mut watched, plans) = (app.database.clone(), Plans::default());
    plans.watch(&mut watched.reader);
    plans.watch(&mut watched.writer);
    let worker = Arc::get_mut(&mut app.worker).expect("nothing runs yet");
    worker.ledger = Ledger::new(watched);
    let (redis, database) = (worker.redis.clone(), app.database.clone());
    let shutdown = Shutdown::manual();
    let running = tokio::spawn(app.run(shutdown.clone()));

    assert!(redis.wait_until_ready(&CancellationToken::new()).await);
    Producer::new(&redis, "").publish(0, "producer", &orders()).await.unwrap();
    eventually("orders were tried, and tried again", async || match plans.missing(&SENT) {
        missing if missing.is_empty() => Ok(()),
        missing => Err(missing.join("; ")),
    })
    .await;
    let scans = plans.scans(&database.reader, &[]).await;
    assert!(scans.is_empty(), "{}", scans.join("\n"));
    shutdown.drain();
    running.await.unwrap().unwrap();
}

fn orders() -> Vec<Publication> {
    let content: OrderContent =
        serde_json::from_str(r#"{"user_id": "u", "item_ids": ["i"], "total_amount": 1}"#).unwrap();
    let placed_at = Timestamp::from_micros(1_764_000_000_000_000);
    let publication = |seq| {
        let order = new_order_id(&Clock::system());
        let data = ProcessOrder { version: 1, attempt: 1, placed_at, life: 1, order: content.clone() };
        let command = Command::process("/order-api", order, placed_at, None, data).to_fields();
        Publication { seq, order, command, event: None, known: false }
    };
    (1..=20).map(publication).collect()
}
