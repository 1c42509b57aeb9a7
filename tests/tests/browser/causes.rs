//! Why orders are late: whoever opens the page reads it at the top, with what to do.

use rustix::process::Signal;
use system_tests::{Shop, Stack, eventually, ports::lease};

use crate::page::Page;

const ORDERS: usize = 5;

/// The page names the cause, with these words.
async fn names(stack: &Stack, code: &str, words: &[&str]) {
    let page = Page::open("cause.mjs", stack, &[&[code], words].concat());
    page.sees_everything().await;
}

async fn place(stack: &Stack) {
    for number in 0..ORDERS {
        stack.client.placed(number).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_worker_is_running() {
    let mut stack = Stack::build(&[]);
    stack.redis.start_ready().await;
    stack.api.start_ready().await;
    stack.metrics.start_ready().await;
    place(&stack).await;
    names(
        &stack,
        "no_worker",
        &["No worker is running: 5 orders wait, the oldest for", "Start order-processor"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_hangs() {
    let shop = Shop::start().await;
    let mut stack = Stack::build(&[]);
    for (name, value) in shop.settings(shop.port) {
        stack.set(name, &value);
    }
    shop.hesitate();
    stack.up().await;
    place(&stack).await;
    shop.is_waited_for().await;
    eventually("the worker has every order", async || {
        let queue = stack.client.api("/orders/status/").await?;
        if queue["in_progress"] == ORDERS { Ok(()) } else { Err(queue.to_string()) }
    })
    .await;
    stack.processor.signal(Signal::STOP);
    let what = "Worker order-processor-1 hangs or was killed: 5 orders in hand, not heard of for";
    names(&stack, "workers_stuck", &[what, "Restart order-processor"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_service_that_can_t_be_reached() {
    let shop = Shop::start().await;
    let nobody = lease(1);
    let mut stack = Stack::build(&[("ORDERFLOW_PROCESSOR__MAX_ATTEMPTS", "50")]);
    for (name, value) in shop.settings(nobody.first) {
        stack.set(name, &value);
    }
    stack.up().await;
    place(&stack).await;
    let what = "The payment service gives no usable answer: 100% of the last attempts failed there.";
    names(&stack, "step_failing", &[what, "Reason: payment_unavailable:", "Look at that service"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_that_is_down() {
    let mut stack = Stack::start().await;
    stack.client.finished(&stack.client.placed(1).await).await;
    eventually("it is counted", async || {
        let stats = stack.client.metrics("/stats").await?;
        if stats["order_status_counts"]["completed"] == 1 { Ok(()) } else { Err(stats.to_string()) }
    })
    .await;
    stack.redis.kill().await;
    names(&stack, "redis_away", &["Redis does not answer: no order moves.", "Start Redis"]).await;
}
