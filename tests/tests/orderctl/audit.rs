//! `orderctl audit`.

use serde_json::json;
use system_tests::{Stack, account, redis};

use crate::ctl::{placed, run, run_with, texts, until};

#[tokio::test(flavor = "multi_thread")]
async fn all_are_accounted_for_at_rest_and_in_motion() {
    let stack = Stack::start().await;
    let order = |number: usize| json!({ "user_id": "ada", "item_ids": ["x"], "total_amount": number });
    let orders: Vec<_> = (0..500).map(order).collect();
    run_with(&stack, &["place", "-", "-q"], &json!(orders).to_string()).await.well();
    // While they are worked on.
    let moving = until(&stack, &["audit"], |account| account["accounted_for"] == true).await;
    assert_eq!(moving["orders"], 500);
    account::all_complete(&stack.client, []).await;
    let rest = until(&stack, &["audit"], |account| account["quiet"] == true).await;
    assert_eq!(rest["order_status_counts"], rest["metrics_service"]["order_status_counts"]);
    let said = run(&stack, &["audit"]).await.well();
    assert!(said.out.contains("✓ every order is accounted for"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stuck_or_dead_is_found() {
    let mut stack = Stack::start().await;
    redis::command(stack.redis.port, "XADD orderflow:{0}:queue * type order.pack subject nobody").await;
    until(&stack, &["queue"], |queue| queue["dead"] == 1).await;
    stack.processor.terminate().await;
    let id = placed(&stack, "ada").await;
    let found = run(&stack, &["audit", "--stuck-after", "0", "--json"]).await;
    assert_eq!(found.exit, 10, "{found:?}");
    let found = found.json();
    let codes = texts(&found["findings"], "code");
    assert!(["dead_letters", "stuck"].iter().all(|code| codes.iter().any(|found| found == code)), "{found}");
    assert_eq!((&found["stuck"][0]["order_id"], &found["accounted_for"]), (&json!(id), &json!(false)));
    let said = run(&stack, &["audit", "--stuck-after", "0"]).await;
    assert!(said.exit == 10 && said.out.contains(&id) && said.out.contains("✗ 1 dead letters"), "{said:?}");
}
