//! `orderctl get` and `watch`.

use std::process::Stdio;

use serde_json::json;
use system_tests::Stack;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::ctl::{command, placed, run, run_with};

#[tokio::test(flavor = "multi_thread")]
async fn get_shows_one_or_several() {
    let stack = Stack::start().await;
    let (first, second) = (placed(&stack, "ada").await, placed(&stack, "ben").await);
    stack.client.finished(&first).await;
    stack.client.finished(&second).await;

    let shown = run(&stack, &["get", &first]).await.well();
    for words in [first.as_str(), "completed", "ada", "5.00", "after it was placed"] {
        assert!(shown.out.contains(words), "{words} is not in {shown:?}");
    }
    let order = run(&stack, &["get", &first, "--json"]).await.well().json();
    assert_eq!(order, stack.client.get(&first).await.unwrap(), "as the API has it");

    let piped = format!("{second} completed\n{first}\n");
    let both = run_with(&stack, &["get", "-", "--json"], &piped).await.well().json();
    let ids = [&both["orders"][0]["order_id"], &both["orders"][1]["order_id"]];
    assert_eq!((ids, &both["problems"]), ([&json!(second), &json!(first)], &json!([])));

    run(&stack, &["get", "ORD-nonsense"]).await.badly(3, "no such order");
    let missing = "ORD-019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b";
    let some = run(&stack, &["get", &first, missing, "--json"]).await.badly(3, missing).json();
    assert_eq!(some["orders"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&some["problems"][0]["order_id"], &some["problems"][0]["exit_status"]),
        (&json!(missing), &json!(3))
    );
    let none = run_with(&stack, &["get", "-", "--json"], "").await.well();
    assert_eq!(none.json(), json!({ "orders": [], "problems": [] }));
    run_with(&stack, &["watch", "-"], "").await.badly(2, "it is one order");
}

#[tokio::test(flavor = "multi_thread")]
async fn watch_shows_each_event_once_until_the_order_is_final() {
    let stack = Stack::start_with(&[("ORDERFLOW_PIPELINE__SIMULATED__LATENCY_MS", "300")]).await;
    let id = placed(&stack, "ada").await;
    let watched = run_with(&stack, &["watch", "-"], &format!("{id}\n")).await.well();
    let kinds: Vec<_> = watched
        .out
        .lines()
        .map(|line| line.split_whitespace().find(|word| word.starts_with("order.")).unwrap())
        .collect();
    assert_eq!(kinds, ["order.placed", "order.processing", "order.completed"], "{watched:?}");

    // Of an order that is final, all at once.
    let lines = run(&stack, &["watch", &id, "--json"]).await.well().json_lines();
    let versions: Vec<_> = lines.iter().map(|event| event["version"].as_u64().unwrap()).collect();
    assert_eq!(versions, [1, 2, 3]);
    assert_eq!((&lines[0]["type"], &lines[0]["data"]["user_id"]), (&json!("order.placed"), &json!("ada")));
}

#[tokio::test(flavor = "multi_thread")]
async fn its_exit_status_says_how_it_ended() {
    let mut stack = Stack::start_with(&[("ORDERFLOW_PIPELINE__SIMULATED__FAILURE_RATE", "1")]).await;
    let failed = run(&stack, &["watch", &placed(&stack, "ada").await]).await;
    assert_eq!(failed.exit, 7, "{failed:?}");
    assert!(failed.out.contains("order.failed"), "{failed:?}");

    stack.processor.terminate().await;
    let id = placed(&stack, "ada").await;
    run(&stack, &["watch", &id, "--wait", "1"]).await.badly(9, "not final after 1 s");
    run(&stack, &["cancel", &id]).await.well();
    let cancelled = run(&stack, &["watch", &id]).await;
    assert_eq!(cancelled.exit, 8, "{cancelled:?}");
    assert!(cancelled.out.contains("order.cancelled"), "{cancelled:?}");
    run(&stack, &["watch", "ORD-x"]).await.badly(3, "no such order");
}

#[tokio::test(flavor = "multi_thread")]
async fn watch_outlives_a_restart_of_order_api() {
    let mut stack = Stack::start().await;
    stack.processor.terminate().await;
    let id = placed(&stack, "ada").await;
    let mut watching = command(&stack, &["watch", &id]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    assert!(lines.next_line().await.unwrap().unwrap().contains("order.placed"));
    stack.api.kill().await;
    stack.api.start_ready().await;
    stack.processor.start_ready().await;
    let mut rest = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        rest.push(line);
    }
    assert!(watching.wait().await.unwrap().success(), "{rest:?}");
    assert!(rest.len() == 2 && rest[1].contains("order.completed"), "{rest:?}");
}
