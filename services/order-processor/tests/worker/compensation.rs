//! What was done outside for an order that fails is undone, once and for all, whatever happens in between. The worker lists
//! it with the failure, order-api asks for it, and any worker undoes it.

use contract::{Event, EventData, Step, StepOutcome, event::OrderFailed};
use order_processor::Config;
use serde_json::Value;
use system_tests::eventually;

use crate::{
    orders::{TRACEPARENT, command_with, words},
    shop::{Reply, Shop},
    world::World,
};

const ALL_REVERSED: [Step; 3] = [Step::Fulfilment, Step::Payment, Step::Stock];
const COMPENSATED: &str = "orderflow_compensations_finished_total{outcome=\"compensated\"}";
const COMPENSATING: &str = "orderflow_compensations_finished_total{outcome=\"compensating\"}";

/// A shop that refuses one step for good, and says yes to everything else.
async fn refusing(path: &'static str) -> Shop {
    Shop::answering(move |call, _| match call.path.as_str() {
        called if called == path => Reply::Status(422, r#"{"reason": "no"}"#),
        _ => Reply::Status(200, ""),
    })
    .await
}

fn failed(history: &[Event]) -> &OrderFailed {
    let found = history.iter().find_map(|event| match &event.data {
        EventData::Failed(failed) => Some(failed),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("{:?}", words(history)))
}

/// Waits for the failure of an order, and asks to undo what it lists.
async fn undo_the_failed(world: &World, number: u32) {
    assert!(!failed(&world.finished(number).await).compensating.is_empty());
    world.ask_for_compensations().await.unwrap();
}

/// The steps that the last event says were undone.
fn undone(history: &[Event]) -> Vec<Step> {
    let Some(EventData::Compensated(compensated)) = history.last().map(|event| &event.data) else {
        panic!("{:?}", words(history))
    };
    assert!(compensated.steps.iter().all(|report| report.outcome == StepOutcome::Accepted));
    compensated.steps.iter().map(|report| report.step).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_fails_after_its_payment_is_refunded_in_reverse_order() {
    let (world, shop) = (World::start().await, refusing("/fulfilment").await);
    world.place([1]).await;
    let worker = world.worker("w1", |config| shop.serves(config)).await;
    // The failure itself asks for nothing.
    world.finished(1).await;
    assert_eq!(world.run::<i64>("XLEN orderflow:{0}:queue").await, 1);
    assert_eq!(world.run::<i64>("HLEN orderflow:{0}:live").await, 0);
    let history = world.compensated(1).await;
    assert_eq!(words(&history), ["processing 2", "failed 3", "compensated 4"]);
    assert_eq!(failed(&history).compensating, [Step::Payment, Step::Stock]);
    assert_eq!(undone(&history), [Step::Payment, Step::Stock]);
    assert!(history.iter().all(|event| event.envelope.traceparent.as_deref() == Some(TRACEPARENT)));
    assert_eq!(shop.keys(1), ["stock", "payment", "fulfilment", "payment/undo", "stock/undo"]);
    let calls = shop.calls();
    assert_eq!((calls[3].path.as_str(), calls[4].path.as_str()), ("/payment/refund", "/stock/release"));
    let body = |call: usize| serde_json::from_str::<Value>(&calls[call].body).unwrap();
    assert_eq!((body(3), body(4)), (body(1), body(1)));
    assert!(calls.iter().all(|call| call.traceparent == TRACEPARENT));
    worker.counts(COMPENSATED, 1.0).await;
    assert_eq!(worker.metric(COMPENSATING).await, Some(0.0));
    world.nothing_is_pending().await;
    assert_eq!(world.run::<i64>("HLEN orderflow:{0}:live").await, 0);
    worker.drain().await;

    let rows = world.ledger("w1").await;
    let outcomes: Vec<_> =
        rows.iter().map(|row| (row.outcome.as_str(), row.version, row.life, row.attempt)).collect();
    assert_eq!(outcomes, [("failed", 1, 1, 1), ("compensated", 3, 1, 1)]);
    let EventData::Compensated(compensated) = &history[2].data else { panic!("{history:?}") };
    assert_eq!(rows[1].steps, serde_json::to_string(&compensated.steps).unwrap());
    assert_eq!(rows[1].finished_at, history[2].envelope.time.as_micros());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_was_done_nothing_is_undone() {
    let (world, shop) = (World::start().await, refusing("/stock").await);
    world.place([1]).await;
    let worker = world.worker("w1", |config| shop.serves(config)).await;
    let history = world.finished(1).await;
    assert_eq!(words(&history), ["processing 2", "failed 3"]);
    assert!(failed(&history).compensating.is_empty());
    assert_eq!(world.run::<i64>("HLEN orderflow:{0}:live").await, 0);
    worker.drain().await;
    assert_eq!(shop.keys(1), ["stock"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_nobody_undoes_is_not_listed() {
    let (world, shop) = (World::start().await, refusing("/fulfilment").await);
    world.place([1]).await;
    let worker = world
        .worker("w1", |config| {
            shop.serves(config);
            config.pipeline.http.stock_release_url = String::new();
        })
        .await;
    let history = world.compensated(1).await;
    assert_eq!(failed(&history).compensating, [Step::Payment]);
    assert_eq!(undone(&history), [Step::Payment]);
    worker.drain().await;
    assert_eq!(shop.keys(1), ["stock", "payment", "fulfilment", "payment/undo"]);
}

/// A refused step is not done, whatever it answered before, and none of the later ones was ever called.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_refused_order_the_steps_before_that_are_undone() {
    let world = World::start().await;
    let shop = Shop::answering(|call, before| match call.path.as_str() {
        "/payment" if before == 0 => Reply::Status(503, ""),
        "/payment" => Reply::Status(402, ""),
        "/stock/release" => Reply::Status(410, ""),
        _ => Reply::Status(200, ""),
    })
    .await;
    let worker = world.worker("w1", |config| shop.serves(config)).await;
    world.place([1]).await;
    let history = world.compensated(1).await;
    assert_eq!(words(&history), ["processing 2", "retrying 3", "processing 4", "failed 5", "compensated 6"]);
    assert_eq!(failed(&history).reason.code, "payment_refused");
    assert_eq!(failed(&history).compensating, [Step::Stock]);
    assert_eq!(undone(&history), [Step::Stock]);
    worker.drain().await;
    assert_eq!(shop.keys(1), ["stock", "payment", "payment", "stock/undo"]);
}

/// Who has no answer can't say what was done, nor what another worker that holds the same order still does.
#[tokio::test(flavor = "multi_thread")]
async fn of_an_order_whose_last_attempt_got_no_answer_every_step_is_undone() {
    let world = World::start().await;
    let shop = Shop::answering(|call, _| match call.path.as_str() {
        "/stock" => Reply::Status(503, ""),
        "/fulfilment/cancel" => Reply::Status(404, "no such order"),
        "/payment/refund" => Reply::Status(409, ""),
        _ => Reply::Status(200, ""),
    })
    .await;
    let worker = world
        .worker("w1", |config| {
            shop.serves(config);
            config.processor.max_attempts = 2;
        })
        .await;
    world.place([1]).await;
    let history = world.compensated(1).await;
    assert_eq!(failed(&history).reason.code, "stock_unavailable");
    assert_eq!(failed(&history).compensating, ALL_REVERSED);
    assert_eq!(undone(&history), ALL_REVERSED);
    worker.drain().await;
    assert_eq!(shop.keys(1), ["stock", "stock", "fulfilment/undo", "payment/undo", "stock/undo"]);
}

/// Whoever had it before was told the same.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_undone_does_not_depend_on_who_had_the_order_before() {
    let (world, shop) = (World::start().await, refusing("/payment").await);
    world.place([1]).await;
    world.deliver("gone", 1).await;
    let worker = world
        .worker("w1", |config| {
            shop.serves(config);
            config.processor.reclaim_idle_ms = 1_000;
            config.pipeline.step_timeout_ms = 900;
        })
        .await;
    let history = world.compensated(1).await;
    assert_eq!(failed(&history).compensating, [Step::Stock]);
    assert_eq!(undone(&history), [Step::Stock]);
    worker.drain().await;
    assert_eq!(shop.keys(1), ["stock", "payment", "stock/undo"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_is_asked_for_until_it_is_done_by_whichever_worker() {
    let world = World::start().await;
    let shop = Shop::answering(|call, before| match (call.path.as_str(), before) {
        ("/fulfilment", _) => Reply::Status(422, ""),
        // Nothing of this loses a refund.
        ("/payment/refund", 0) => Reply::Status(503, ""),
        ("/payment/refund", 1) => Reply::Status(401, "who are you"),
        ("/payment/refund", 2) => Reply::Status(400, ""),
        ("/payment/refund", 3) => Reply::Redirect("http://127.0.0.1:1/".to_owned()),
        ("/payment/refund", 4) => Reply::Silence,
        ("/payment/refund", ..=12) => Reply::Status(500, ""),
        _ => Reply::Status(200, ""),
    })
    .await;
    let configured = |config: &mut Config| {
        shop.serves(config);
        config.processor.max_attempts = 1;
        config.pipeline.step_timeout_ms = 300;
    };
    world.place([1]).await;
    let worker = world.worker("w1", configured).await;
    undo_the_failed(&world, 1).await;
    shop.is_called_at("/payment/refund", 3).await;
    worker.abort().await;
    let again = world.worker("w1", configured).await;
    let history = world.compensated(1).await;
    assert_eq!(words(&history).last().map(String::as_str), Some("compensated 4"));
    let mut steps = undone(&history);
    steps.sort_unstable_by_key(|step| *step as usize);
    assert_eq!(steps, [Step::Stock, Step::Payment]);
    again.counts(COMPENSATED, 1.0).await;
    assert!(again.metric(COMPENSATING).await.unwrap() >= 1.0);
    again.drain().await;
    assert_eq!(shop.calls_for(1).iter().filter(|path| *path == "/stock/release").count(), 1);
    let refunds: Vec<_> = shop.calls().into_iter().filter(|call| call.path == "/payment/refund").collect();
    assert!(refunds.len() >= 14, "{}", refunds.len());
    assert!(refunds.iter().all(|call| call.key == refunds[0].key && call.body == refunds[0].body));
    let rows = world.ledger("w1").await;
    assert_eq!(rows.last().map(|row| row.outcome.as_str()), Some("compensated"));
    let left = rows.iter().filter(|row| row.outcome == "compensating");
    assert!(
        left.clone().count() >= 12
            && left.into_iter().all(|row| row.reason.as_deref() == Some("payment_not_undone"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_between_the_failure_and_the_refund_loses_nothing() {
    let (world, shop) = (World::start().await, refusing("/fulfilment").await);
    let configured = |config: &mut Config| {
        shop.serves(config);
        config.pipeline.step_timeout_ms = 900;
        config.processor.reclaim_idle_ms = 1_000;
    };
    world.place(1..=20).await;
    // Every worker dies as soon as it has reported a failure more.
    for round in 1..=4 {
        let worker = world.worker(&format!("w{round}"), configured).await;
        eventually("more orders have failed", async || {
            world.ask_for_compensations().await?;
            let failed = world.events().await?;
            let failed = failed.iter().filter(|event| matches!(event.data, EventData::Failed(_))).count();
            if failed >= round * 4 { Ok(()) } else { Err(failed.to_string()) }
        })
        .await;
        worker.abort().await;
    }
    let last = world.worker("last", configured).await;
    for number in 1..=20 {
        world.compensated(number).await;
    }
    world.nothing_is_pending().await;
    last.drain().await;
    let events = world.events().await.unwrap();
    for number in 1..=20 {
        let history: Vec<_> =
            events.iter().filter(|event| event.order_id() == crate::orders::order_id(number)).collect();
        let count = |is: fn(&EventData) -> bool| history.iter().filter(|event| is(&event.data)).count();
        assert_eq!(count(|data| matches!(data, EventData::Failed(_))), 1, "order {number}");
        assert_eq!(count(|data| matches!(data, EventData::Compensated(_))), 1, "order {number}");
        for path in ["/payment/refund", "/stock/release"] {
            assert!(shop.calls_for(number).iter().any(|called| called == path), "order {number} {path}");
        }
    }
}

/// It dies while the refund is under way.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_whose_worker_dies_is_asked_for_again_with_the_same_key() {
    let world = World::start().await;
    let shop = Shop::answering(|call, before| match (call.path.as_str(), before) {
        ("/fulfilment", _) => Reply::Status(422, ""),
        ("/payment/refund", 0) => Reply::Silence,
        _ => Reply::Status(200, ""),
    })
    .await;
    world.place([1]).await;
    let worker = world.worker("w1", |config| shop.serves(config)).await;
    undo_the_failed(&world, 1).await;
    shop.is_called_at("/payment/refund", 1).await;
    worker.abort().await;
    let again = world.worker("w1", |config| shop.serves(config)).await;
    let history = world.compensated(1).await;
    assert_eq!(words(&history), ["processing 2", "failed 3", "compensated 4"]);
    again.drain().await;
    assert_eq!(
        shop.keys(1),
        ["stock", "payment", "fulfilment", "payment/undo", "payment/undo", "stock/undo"]
    );
}

/// A person lets the refunded order be tried again: the payment must not be answered from the call that was refunded.
#[tokio::test(flavor = "multi_thread")]
async fn another_life_has_other_keys() {
    let (world, shop) = (World::start().await, refusing("/fulfilment").await);
    let worker = world.worker("w1", |config| shop.serves(config)).await;
    world.place([1]).await;
    world.compensated(1).await;
    let before = shop.calls().len();
    world.publish(&command_with(1, |data| (data.version, data.life) = (5, 5))).await.unwrap();
    eventually("it is compensated again", async || {
        world.ask_for_compensations().await?;
        match world.history(1).await?.last() {
            Some(event) if event.version() == 8 => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    worker.drain().await;
    assert_eq!(
        shop.keys(1)[before..],
        ["stock/5", "payment/5", "fulfilment/5", "payment/5/undo", "stock/5/undo"]
    );
    let lives: Vec<i64> = world.ledger("w1").await.into_iter().map(|row| row.life).collect();
    assert_eq!(lives, [1, 1, 5, 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn simulated_services_undo_what_they_have_done() {
    let world = World::start().await;
    world.place(1..=60).await;
    let worker = world
        .worker("w1", |config| {
            config.pipeline.simulated.failure_rate = 1.0;
            config.pipeline.simulated.unavailable_rate = 0.3;
            config.processor.max_attempts = 100;
        })
        .await;
    let mut compensated = 0;
    for number in 1..=60 {
        let history = world.finished(number).await;
        let failed = failed(&history);
        let done = failed.steps.iter().rev().filter(|report| report.outcome == StepOutcome::Accepted);
        for report in done {
            assert!(failed.compensating.contains(&report.step), "order {number}");
        }
        if !failed.compensating.is_empty() {
            let mut steps = undone(&world.compensated(number).await);
            steps.sort_unstable_by_key(|step| *step as usize);
            assert!(steps.iter().rev().eq(&failed.compensating), "order {number}: {steps:?}");
            compensated += 1;
        }
    }
    assert!(compensated > 20, "{compensated}");
    worker.counts(COMPENSATED, f64::from(compensated)).await;
    worker.drain().await;
}
