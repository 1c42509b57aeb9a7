//! One order's whole way, as a user sees it.

use serde_json::json;
use system_tests::{Stack, account, client::Placed, eventually};

/// Both bodies that clients of the former system send.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_placed_completes_and_is_counted() {
    let stack = Stack::start().await;
    let client = &stack.client;
    for body in [
        json!({"user_id": "user-1", "item_ids": ["sku-1", "sku-2"], "total_amount": 99.99}),
        json!({"user_id": 42, "item_ids": [7, 8], "total_amount": 250}),
    ] {
        let Placed::Accepted { order_id, replayed: false } = client.place(&body, None).await else {
            panic!("{body} was not accepted");
        };
        let order = client.finished(&order_id).await;
        assert_eq!(order["status"], "completed", "{order}");
        assert_eq!(order["total_amount"], body["total_amount"]);
        assert!(order["completed_at"].is_string(), "{order}");
        let timeline = client.timeline(&order_id).await.unwrap();
        assert_eq!(timeline, ["order.placed", "order.processing", "order.completed"]);
    }
    let orders = client.all_orders().await.unwrap();
    assert_eq!(orders.len(), 2);
    account::metrics_equal(client, &orders).await;

    eventually("the queue is empty", async || {
        let queue = client.api("/orders/status/").await?;
        let numbers = ["queue_length", "in_progress", "delayed", "dead"].map(|field| queue[field].as_u64());
        if numbers == [Some(0); 4] && queue["total_processed"] == 2 { Ok(()) } else { Err(queue.to_string()) }
    })
    .await;
    // Nothing was wrong, the start on an empty Redis included, and nobody says that anything was.
    for service in [&stack.api, &stack.processor, &stack.metrics] {
        let log = service.log().text();
        assert!(!log.contains(" WARN ") && !log.contains("ERROR"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_refused_for_good_fails_with_its_reason_and_is_counted() {
    let stack = Stack::start_with(&[("ORDERFLOW_PIPELINE__SIMULATED__FAILURE_RATE", "1")]).await;
    let order = stack.client.finished(&stack.client.placed(1).await).await;
    assert_eq!(order["status"], "failed", "{order}");
    assert!(order["failure_reason"]["code"].is_string(), "{order}");
    let orders = stack.client.all_orders().await.unwrap();
    account::metrics_equal(&stack.client, &orders).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_service_has_its_pages_without_a_network() {
    let stack = Stack::start().await;
    for (daemon, paths) in [
        (&stack.api, &["/docs", "/openapi.json", "/healthz", "/readyz", "/metrics"][..]),
        (&stack.metrics, &["/docs", "/openapi.json", "/healthz", "/readyz", "/metrics"]),
        (&stack.processor, &["/healthz", "/readyz", "/metrics"]),
    ] {
        for path in paths {
            for path in [(*path).to_owned(), format!("{path}/")] {
                let url = format!("{}{path}", daemon.url());
                let answer = stack.client.http.get(&url).send().await.unwrap();
                assert_eq!(answer.status(), 200, "{url}");
                let text = answer.text().await.unwrap();
                // A page that loads its parts from elsewhere is blank on a machine without a network.
                let elsewhere = text.contains("src=\"http") || text.contains("<link href=\"http");
                assert!(!elsewhere, "{url} loads something from elsewhere");
            }
        }
    }
}
