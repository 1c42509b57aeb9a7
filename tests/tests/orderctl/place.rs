//! `orderctl place` and `populate`.

use serde_json::{Value, json};
use system_tests::{Stack, account};

use crate::ctl::{run, run_with};

#[tokio::test(flavor = "multi_thread")]
async fn an_order_from_options_to_the_last_digit() {
    let stack = Stack::start().await;
    let arguments = [
        "place",
        "--user",
        "ada",
        "--item",
        "a",
        "--item",
        "b",
        "--amount",
        "922337203685477.5807",
        "--json",
    ];
    let done = run(&stack, &arguments).await.well();
    assert!(done.out.contains("922337203685477.5807"), "{done:?}");
    let order = done.json();
    assert_eq!((&order["user_id"], &order["item_ids"]), (&json!("ada"), &json!(["a", "b"])));

    let said = run(&stack, &["place", "-u", "ada", "-i", "a", "-a", "5"]).await.well();
    assert!(
        said.out.starts_with("placed ORD-") && said.out.trim_end().ends_with(": 1 item for ada, 5.00"),
        "{said:?}"
    );

    let waited = run(&stack, &["place", "-u", "ada", "-i", "a", "-a", "5", "--wait", "--json"]).await.well();
    assert_eq!(waited.json()["status"], "completed");
    account::all_complete(&stack.client, []).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_places_once() {
    let stack = Stack::start().await;
    let arguments = ["place", "-u", "ada", "-i", "a", "-a", "5", "-q", "--idempotency-key", "basket-17"];
    let first = run(&stack, &arguments).await.well();
    let again = run(&stack, &arguments).await.well();
    assert_eq!(first.out, again.out);
    assert!(again.err.contains("nothing was placed now") && first.err.is_empty(), "{again:?}");
    let other = ["place", "-u", "ada", "-i", "a", "-a", "6", "--idempotency-key", "basket-17"];
    run(&stack, &other).await.badly(6, "idempotency_key_reused");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_order_or_many_from_json() {
    let stack = Stack::start().await;
    let order = |user: &str| json!({ "user_id": user, "item_ids": [1], "total_amount": 0.25 });
    let one = run_with(&stack, &["place", "-", "--json"], &order("ada").to_string()).await.well();
    assert_eq!(one.json()["user_id"], "ada");

    let lines = format!("{}\n{}\n", order("ben"), order("chen"));
    let two = run_with(&stack, &["place", "-", "-q"], &lines).await.well();
    assert_eq!(two.out.lines().filter(|line| line.starts_with("ORD-")).count(), 2, "{two:?}");

    // More than fit into one request, and one among them that is not valid.
    let mut orders: Vec<Value> = (0..1_200).map(|number| order(&format!("user-{number}"))).collect();
    orders[1_100]["total_amount"] = json!(-1);
    std::fs::write(stack.folder().join("orders.json"), json!({ "orders": orders }).to_string()).unwrap();
    let many = run(&stack, &["place", "orders.json", "--wait", "--json"]).await;
    let many = many.badly(6, "order 1100 is refused: total_amount: must not be negative");
    let placed = many.json();
    assert_eq!((&placed["accepted"], &placed["refused"]), (&json!(1_199), &json!(1)));
    let results = placed["results"].as_array().unwrap();
    for (number, result) in results.iter().enumerate() {
        assert_eq!(result["index"], number);
        let shown = if number == 1_100 { &result["problem"]["code"] } else { &result["order"]["status"] };
        assert_eq!(shown, if number == 1_100 { "validation_failed" } else { "completed" });
    }

    std::fs::write(stack.folder().join("nothing.json"), "[]").unwrap();
    run(&stack, &["place", "nothing.json"]).await.badly(2, "there is no order in it");
    run(&stack, &["place", "missing.json"]).await.badly(2, "can't read missing.json");
    run_with(&stack, &["place", "-"], "{").await.badly(2, "no JSON");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_valid_is_named() {
    let stack = Stack::start().await;
    run_with(&stack, &["place", "-"], r#"{"user_id": "", "item_ids": []}"#)
        .await
        .badly(6, "\n  user_id: must not be empty")
        .badly(6, "\n  total_amount: ");
    run(&stack, &["place", "-u", "a", "-i", "b", "-a", "-1"]).await.badly(2, "must not be negative");
    run(&stack, &["place", "-u", "a"]).await.badly(2, "--amount");
    run(&stack, &["place"]).await.badly(2, "FILE");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_status_says_how_an_order_ended() {
    let mut stack = Stack::start_with(&[("ORDERFLOW_PIPELINE__SIMULATED__FAILURE_RATE", "1")]).await;
    let failed = run(&stack, &["place", "-u", "a", "-i", "b", "-a", "5", "--wait"]).await;
    assert_eq!(failed.exit, 7, "{failed:?}");
    assert!(failed.out.contains("failed after "), "{failed:?}");
    stack.processor.terminate().await;
    let waiting = run(&stack, &["place", "-u", "a", "-i", "b", "-a", "5", "--wait=1"]).await;
    assert_eq!(waiting.exit, 9, "{waiting:?}");
    assert!(waiting.out.contains("still pending after 1 s"), "{waiting:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn populate_fills_a_running_system() {
    let stack = Stack::start().await;
    let done = run(&stack, &["populate", "-n", "30", "--json"]).await.well();
    assert_eq!(done.json(), json!({ "orders_placed": 30 }));
    assert_eq!(account::all_complete(&stack.client, []).await.len(), 30);
}
