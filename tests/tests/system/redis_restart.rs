//! Redis goes away under load and comes back with its append-only file.

use system_tests::{Load, Stack, account, load::Repeat};

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_accepted_meanwhile_and_published_afterwards() {
    let mut stack = Stack::start().await;
    let load = Load::start(&stack.client, 8, Repeat::Never);
    for _ in 0..2 {
        load.accepts_more(150).await;
        stack.redis.terminate().await;
        // Accepting needs no Redis.
        load.accepts_more(150).await;
        stack.redis.start_ready().await;
    }
    load.accepts_more(150).await;
    let outcome = load.stop().await;
    assert_eq!((outcome.refused, outcome.unanswered), (0, 0), "an order was not accepted");
    let orders = account::all_complete(&stack.client, outcome.ids()).await;
    assert_eq!(orders.len(), outcome.accepted.len());
    account::metrics_equal(&stack.client, &orders).await;
}
