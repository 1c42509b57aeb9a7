//! One order's way through a worker.

use contract::{EventData, Step, StepOutcome};
use system_tests::eventually;

use crate::{
    orders::{TRACEPARENT, order_id, words},
    world::World,
};

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_announced_and_completed() {
    let world = World::start().await;
    world.place([1]).await;
    let worker = world.worker("w1", |_| {}).await;
    let history = world.finished(1).await;
    assert_eq!(words(&history), ["processing 2", "completed 3"]);
    assert!(history.iter().all(|event| event.envelope.source == "/order-processor"));
    // Nothing is traced here, so the caller's trace goes on as it came.
    assert!(history.iter().all(|event| event.envelope.traceparent.as_deref() == Some(TRACEPARENT)));
    let (EventData::Processing(began), EventData::Completed(completed)) =
        (&history[0].data, &history[1].data)
    else {
        panic!("{history:?}");
    };
    assert_eq!((began.attempt, began.worker.as_str()), (1, "w1"));
    assert_eq!((completed.attempt, completed.worker.as_str()), (1, "w1"));
    assert_eq!(completed.started_at, history[0].envelope.time);
    assert_eq!(completed.placed_at, began.placed_at);
    let steps: Vec<_> = completed.steps.iter().map(|report| (report.step, report.outcome)).collect();
    assert_eq!(steps, Step::ALL.map(|step| (step, StepOutcome::Accepted)));

    eventually("nothing is in hand", async || match worker.metric("orderflow_orders_in_hand").await {
        Some(0.0) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    assert_eq!(world.pending().await, Ok(0));
    assert_eq!(worker.metric("orderflow_attempts_finished_total{outcome=\"completed\"}").await, Some(1.0));
    worker.drain().await;

    let rows = world.ledger("w1").await;
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!((row.order_id, row.version, row.attempt), (order_id(1).as_uuid(), 1, 1));
    assert_eq!((row.worker.as_str(), row.outcome.as_str(), &row.reason), ("w1", "completed", &None));
    assert_eq!(row.steps, serde_json::to_string(&completed.steps).unwrap());
    assert_eq!(row.started_at, completed.started_at.as_micros());
    assert_eq!(row.finished_at, history[1].envelope.time.as_micros());
    assert_eq!(row.superseded_at, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_order_fails_with_its_reason_and_is_not_tried_again() {
    let world = World::start().await;
    world.place([1]).await;
    let worker = world.worker("w1", |config| config.pipeline.simulated.failure_rate = 1.0).await;
    let history = world.finished(1).await;
    assert_eq!(words(&history), ["processing 2", "failed 3"]);
    let EventData::Failed(failed) = &history[1].data else { panic!("{history:?}") };
    assert!(failed.reason.code.ends_with("_refused"), "{:?}", failed.reason);
    assert!(!failed.reason.message.is_empty());
    assert_eq!(failed.steps.last().unwrap().outcome, StepOutcome::Refused);
    worker.drain().await;
    let rows = world.ledger("w1").await;
    assert_eq!((rows[0].outcome.as_str(), rows[0].reason.as_ref()), ("failed", Some(&failed.reason.code)));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_orders_of_several_partitions_complete_once_each() {
    let world = World::with_partitions(3).await;
    let worker = world
        .worker("w1", |config| {
            // Fewer slots than orders, and readers that share them.
            config.processor.concurrency = 7;
            config.processor.batch = 5;
        })
        .await;
    world.place(1..=500).await;
    world.all_complete(1..=500).await;
    worker.drain().await;
    assert_eq!(world.ledger("w1").await.len(), 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_order_at_a_time_is_possible() {
    let world = World::start().await;
    world.place(1..=50).await;
    let worker = world
        .worker("w1", |config| {
            (config.processor.concurrency, config.processor.batch, config.ledger.batch) = (1, 1, 1);
        })
        .await;
    world.all_complete(1..=50).await;
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_readiness_and_metrics_are_answered() {
    let world = World::start().await;
    let worker = world.worker("w1", |_| {}).await;
    for path in ["/healthz", "/readyz", "/metrics"] {
        eventually(&format!("{path} is well"), async || match worker.get(path).await? {
            (200, text) => Ok(text),
            other => Err(format!("{other:?}")),
        })
        .await;
    }
    assert_eq!(worker.get("/orders").await.unwrap().0, 404);
    worker.drain().await;
}
