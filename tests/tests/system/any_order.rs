//! The programs may start in any order, and each waits for what it needs.

use system_tests::{Stack, account, client::Placed, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn services_that_start_before_redis_accept_orders_and_wait_for_it() {
    let mut stack = Stack::build(&[]);
    stack.metrics.start();
    stack.processor.start();
    stack.api.start();

    let order_id = eventually("an order is accepted without Redis", async || {
        match stack.client.place(&system_tests::Client::order(1), None).await {
            Placed::Accepted { order_id, .. } => Ok(order_id),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    assert_eq!(stack.client.get(&order_id).await.unwrap()["status"], "pending");

    stack.redis.start_ready().await;
    assert_eq!(stack.client.finished(&order_id).await["status"], "completed");
    for service in stack.services() {
        service.ready().await;
    }
    let orders = account::all_complete(&stack.client, [&order_id]).await;
    account::metrics_equal(&stack.client, &orders).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_wait_for_a_worker_that_starts_last() {
    let mut stack = Stack::build(&[]);
    stack.redis.start_ready().await;
    stack.api.start_ready().await;
    let mut accepted = Vec::new();
    for number in 0..50 {
        accepted.push(stack.client.placed(number).await);
    }
    // None of the other two has ever run: their groups have to be there all the same.
    stack.processor.start();
    stack.metrics.start();
    let orders = account::all_complete(&stack.client, &accepted).await;
    account::metrics_equal(&stack.client, &orders).await;
}
