//! A reader that has seen enough goes away, and that is no failure.

use std::process::Stdio;

use serde_json::json;
use system_tests::Stack;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use crate::ctl::{command, run_with};

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_that_closes_early_ends_it_quietly() {
    let stack = Stack::start().await;
    let order =
        |number: usize| json!({ "user_id": "x".repeat(200), "item_ids": ["x"], "total_amount": number });
    let orders: Vec<_> = (0..1_000).map(order).collect();
    run_with(&stack, &["place", "-", "-q"], &json!(orders).to_string()).await.well();
    for arguments in [
        vec!["list", "--all"],
        vec!["list", "--all", "--json"],
        vec!["top", "--json"],
        vec!["completions", "bash"],
    ] {
        let mut command = command(&stack, &arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).await.unwrap();
        assert!(!first.is_empty(), "{arguments:?}");
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).await.unwrap();
        let status = child.wait().await.unwrap();
        assert_eq!((status.code(), said.as_str()), (Some(0), ""), "{arguments:?}");
    }
}
