//! `orderctl cancel` and `retry`.

use serde_json::json;
use system_tests::{Stack, account};

use crate::ctl::{length, placed, run, run_with, until};

#[tokio::test(flavor = "multi_thread")]
async fn cancel_takes_back_what_no_worker_has() {
    let mut stack = Stack::start().await;
    stack.processor.terminate().await;
    let ids = [placed(&stack, "ada").await, placed(&stack, "ben").await, placed(&stack, "chen").await];
    let said = run(&stack, &["cancel", &ids[0]]).await.well();
    assert_eq!(said.out, format!("cancelled {}\n", ids[0]));
    // Again is as good.
    let order = run(&stack, &["cancel", &ids[0], "--json"]).await.well().json();
    assert_eq!(order["status"], "cancelled");
    let both =
        run_with(&stack, &["cancel", "-", "--json"], &format!("{}\nORD-x\n", ids[1])).await.badly(3, "ORD-x");
    assert_eq!(both.json()["orders"][0]["order_id"], json!(ids[1]));

    stack.processor.start_ready().await;
    stack.client.finished(&ids[2]).await;
    run(&stack, &["cancel", &ids[2]]).await.badly(4, "already_completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_begins_failed_orders_anew() {
    let mut stack = Stack::start_with(&[("ORDERFLOW_PIPELINE__SIMULATED__FAILURE_RATE", "1")]).await;
    let mut ids = Vec::new();
    for user in ["ada", "ben", "ben"] {
        let id = placed(&stack, user).await;
        stack.client.finished(&id).await;
        // What was done for it has to be undone first.
        ids.push(id);
    }
    stack.set("ORDERFLOW_PIPELINE__SIMULATED__FAILURE_RATE", "0");
    until(&stack, &["retry", "--failed", "--dry-run"], |found| length(&found["orders"]) == 3).await;
    stack.processor.terminate().await;
    stack.processor.start_ready().await;

    run(&stack, &["retry", "--failed"])
        .await
        .badly(2, "3 orders will be processed anew. Go on? Nobody is there to ask: say --yes");
    let bens = run(&stack, &["retry", "--failed", "--user", "ben", "--yes", "--json"]).await.well().json();
    assert_eq!((&bens["retried"], &bens["orders"]), (&json!(2), &json!(ids[1..])));
    let none = run(&stack, &["retry", "--failed", "--code", "no_such_code", "--yes", "--all"]).await.well();
    assert!(none.err.contains("0 orders pending again"), "{none:?}");
    let last = run(&stack, &["retry", &ids[0]]).await.well();
    assert_eq!(last.out, format!("{} is pending again\n", ids[0]));
    account::all_complete(&stack.client, &ids).await;
    run(&stack, &["retry", &ids[0]]).await.badly(4, "not_failed");
    run(&stack, &["retry", &ids[0], "--failed"]).await.badly(2, "cannot be used with");
    run(&stack, &["retry", &ids[0], "--user", "ben"]).await.badly(2, "cannot be used with");
}
