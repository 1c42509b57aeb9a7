//! `orderctl backup`, and what it is for.

use serde_json::{Value, json};
use system_tests::{Stack, account, redis};

use crate::ctl::{placed, run, texts, until};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_copied_comes_back() {
    let mut stack = Stack::start().await;
    let mut kept = Vec::new();
    for _ in 0..5 {
        kept.push(placed(&stack, "ada").await);
    }
    account::all_complete(&stack.client, &kept).await;
    let made = run(&stack, &["backup", "copies", "--json"]).await.well().json();
    let services = texts(&made["files"], "service");
    assert_eq!(services, ["metrics-service", "order-api", "order-processor"]);
    run(&stack, &["backup", "copies"]).await.badly(2, "copies is not empty");
    let late = placed(&stack, "ben").await;
    stack.client.finished(&late).await;

    // Everything is lost, Redis too, and what was copied is put in its place as the help says.
    for daemon in stack.all() {
        daemon.kill().await;
    }
    let data = stack.folder().join("data");
    std::fs::remove_dir_all(&data).unwrap();
    redis::remove_all(&stack.redis);
    std::fs::create_dir(&data).unwrap();
    for service in services {
        let file = format!("{service}.db");
        std::fs::copy(stack.folder().join("copies").join(&file), data.join(&file)).unwrap();
    }
    stack.up().await;
    assert_eq!(stack.client.get(&kept[0]).await.unwrap()["status"], "completed");
    run(&stack, &["get", &late]).await.badly(3, "no such order");
    let next = placed(&stack, "chen").await;
    stack.client.finished(&next).await;
    let counted = |account: &Value| account["accounted_for"] == true && account["quiet"] == true;
    let account = until(&stack, &["audit"], counted).await;
    assert_eq!(account["orders"], json!(6));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_database_there_is_nothing_to_copy() {
    let stack = Stack::build(&[]);
    run(&stack, &["backup", "copies"]).await.badly(1, "there is no database at");
}
