//! A thousand customers at the same moment.

use system_tests::{Stack, account, crowd};

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_orders_by_a_thousand_connections_are_accepted_and_complete() {
    let stack = Stack::start().await;
    let answers = crowd::rush(stack.api.port, 1_000).await;
    let refused = answers.iter().find(|answer| !answer.starts_with("HTTP/1.1 201"));
    assert_eq!(refused, None);
    let orders = account::all_complete(&stack.client, []).await;
    assert_eq!(orders.len(), 1_000);
    account::metrics_equal(&stack.client, &orders).await;
}
