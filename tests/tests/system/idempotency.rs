//! Clients that repeat until they have an answer, while order-api is killed again and again: each basket
//! becomes one order, and every answer names the same one.

use system_tests::{Load, Stack, account, load::Repeat};

#[tokio::test(flavor = "multi_thread")]
async fn repeats_make_one_order_each_although_order_api_is_killed() {
    let mut stack = Stack::start().await;
    let load = Load::start(&stack.client, 8, Repeat::UntilAccepted);
    for _ in 0..3 {
        load.accepts_more(60).await;
        stack.api.kill().await;
        stack.api.start_ready().await;
    }
    load.accepts_more(60).await;
    let outcome = load.stop().await;
    assert!(outcome.unanswered > 0, "no request met the kill");
    for (number, ids) in &outcome.accepted {
        assert!(ids.len() >= 2 && ids.iter().all(|id| *id == ids[0]), "basket {number} became {ids:?}");
    }
    let orders = account::all_complete(&stack.client, outcome.ids()).await;
    assert_eq!(orders.len(), outcome.accepted.len(), "a basket became two orders");
    account::metrics_equal(&stack.client, &orders).await;
}
