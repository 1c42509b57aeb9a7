//! Attempts that find a service unavailable come back later, and not for ever.

use contract::{EventData, StepOutcome};

use crate::{
    orders::words,
    shop::{Reply, Shop},
    world::World,
};

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_gets_no_answer_is_tried_again_and_repeats_no_step() {
    let world = World::start().await;
    let shop = Shop::answering(|call, before| match call.path.as_str() {
        "/payment" if before == 0 => Reply::Status(503, "come back"),
        _ => Reply::Status(200, ""),
    })
    .await;
    let worker = world.worker("w1", |config| shop.serves(config)).await;
    world.place([1]).await;
    let history = world.finished(1).await;
    assert_eq!(words(&history), ["processing 2", "retrying 3", "processing 4", "completed 5"]);
    let EventData::Retrying(retrying) = &history[1].data else { panic!("{history:?}") };
    assert_eq!(retrying.attempt, 1);
    assert_eq!(retrying.reason.code, "payment_unavailable");
    assert_eq!(retrying.reason.message, "the payment service answered 503");
    assert!(retrying.due_at > history[1].envelope.time);
    let outcomes: Vec<_> = retrying.steps.iter().map(|report| report.outcome).collect();
    assert_eq!(outcomes, [StepOutcome::Accepted, StepOutcome::Unavailable]);
    let EventData::Completed(completed) = &history[3].data else { panic!("{history:?}") };
    assert_eq!(completed.attempt, 2);
    assert_eq!(completed.steps.len(), 3);
    // The stock was reserved in the first attempt, and is reported as it was then.
    assert_eq!(completed.steps[0], retrying.steps[0]);
    assert_eq!(shop.keys(1), ["stock", "payment", "payment", "fulfilment"]);
    assert_eq!(worker.metric("orderflow_steps_from_ledger_total").await, Some(1.0));
    worker.drain().await;
    let outcomes: Vec<_> =
        world.ledger("w1").await.into_iter().map(|row| (row.attempt, row.outcome)).collect();
    assert_eq!(outcomes, [(1, "retrying".to_owned()), (2, "completed".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_attempt_ends_it() {
    let world = World::start().await;
    world.place(1..=20).await;
    let worker = world
        .worker("w1", |config| {
            config.pipeline.simulated.unavailable_rate = 1.0;
            config.processor.max_attempts = 3;
        })
        .await;
    for number in 1..=20 {
        let history = world.finished(number).await;
        assert_eq!(
            words(&history),
            ["processing 2", "retrying 3", "processing 4", "retrying 5", "processing 6", "failed 7"]
        );
        let EventData::Failed(failed) = &history[5].data else { panic!("{history:?}") };
        assert_eq!(failed.attempt, 3);
        assert!(failed.reason.code.ends_with("_unavailable"), "{:?}", failed.reason);
    }
    worker.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_retries_of_a_worker_that_is_gone_come_to_another() {
    let world = World::start().await;
    world.place([1]).await;
    let gone = world
        .worker("gone", |config| {
            config.pipeline.simulated.unavailable_rate = 1.0;
            // Long enough that it is not due before the worker is gone.
            (config.processor.retry_base_ms, config.processor.retry_cap_ms) = (3_600_000, 3_600_000);
        })
        .await;
    system_tests::eventually("it is delayed", async || {
        let history = words(&world.history(1).await?);
        if history == ["processing 2", "retrying 3"] { Ok(()) } else { Err(format!("{history:?}")) }
    })
    .await;
    gone.drain().await;
    // An hour passes.
    let member: Vec<String> = world.run("ZRANGE orderflow:{0}:delayed 0 0").await;
    assert_eq!(member.len(), 1);
    let delayed = "orderflow:{0}:delayed";
    let moved: i64 = {
        use fred::interfaces::SortedSetsInterface;
        world.redis.client().zadd(delayed, None, None, false, false, (0.0, member[0].as_str())).await.unwrap()
    };
    assert_eq!(moved, 0);
    let worker = world.worker("w2", |_| {}).await;
    assert_eq!(words(&world.finished(1).await)[2..], ["processing 4", "completed 5"]);
    worker.drain().await;
}
