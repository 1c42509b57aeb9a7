//! SIGTERM under load: each service finishes what it has in hand and ends with exit status 0.

use system_tests::{
    Load, Stack, account,
    load::Repeat,
    stack::Which::{self, Api, Metrics, Processor},
};

async fn drains(which: Which) {
    let mut stack = Stack::start().await;
    let load = Load::start(&stack.client, 8, Repeat::Never);
    load.accepts_more(150).await;
    let status = stack.service(which).terminate().await;
    assert!(status.success(), "{which:?} ended with {status}");
    if which == Api {
        load.meets_a_failure().await;
    } else {
        load.accepts_more(100).await;
    }
    stack.service(which).start_ready().await;
    load.accepts_more(100).await;
    let outcome = load.stop().await;
    let orders = account::all_complete(&stack.client, outcome.ids()).await;
    account::metrics_equal(&stack.client, &orders).await;

    for service in stack.services() {
        let status = service.terminate().await;
        assert!(status.success(), "{} ended with {status}", service.recipe.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_order_api() {
    drains(Api).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_order_processor() {
    drains(Processor).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_metrics_service() {
    drains(Metrics).await;
}
