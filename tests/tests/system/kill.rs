//! kill -9 under load: whatever was accepted is there afterwards, completes, and is counted once.

use system_tests::{
    Load, Stack, account,
    load::Repeat,
    stack::Which::{self, Api, Metrics, Processor},
};

const CLIENTS: usize = 8;
/// Orders between one event and the next.
const SOME: usize = 150;

pub(crate) async fn loses_nothing(mut stack: Stack, killed: &[Which]) {
    let load = Load::start(&stack.client, CLIENTS, Repeat::Never);
    for _ in 0..2 {
        load.accepts_more(SOME).await;
        for which in killed {
            stack.service(*which).kill().await;
        }
        if killed.contains(&Api) {
            load.meets_a_failure().await;
        } else {
            load.accepts_more(SOME).await;
        }
        for which in killed {
            stack.service(*which).start();
        }
        for which in killed {
            stack.service(*which).ready().await;
        }
    }
    load.accepts_more(SOME).await;
    let outcome = load.stop().await;
    let orders = account::all_complete(&stack.client, outcome.ids()).await;
    account::metrics_equal(&stack.client, &orders).await;
    account::finished_once(&stack.client, &orders).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_order_api() {
    loses_nothing(Stack::start().await, &[Api]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_order_processor() {
    loses_nothing(Stack::start().await, &[Processor]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_metrics_service() {
    loses_nothing(Stack::start().await, &[Metrics]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_all_three_at_once() {
    loses_nothing(Stack::start().await, &[Api, Processor, Metrics]).await;
}
