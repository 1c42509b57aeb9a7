//! `orderctl queue`, and `top` where there is no terminal; `terminal.rs` has one.

use serde_json::json;
use system_tests::Stack;

use crate::ctl::{placed, run, until};

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_and_one_frame() {
    let mut stack = Stack::start().await;
    stack.client.finished(&placed(&stack, "ada").await).await;
    stack.processor.terminate().await;
    let id = placed(&stack, "ada").await;
    until(&stack, &["queue"], |queue| queue["pending_orders"] == json!([id])).await;
    let queue = run(&stack, &["queue"]).await.well();
    assert!(queue.out.starts_with("waiting      1, the oldest for "), "{queue:?}");
    assert!(queue.out.contains(&id), "{queue:?}");

    // Not a terminal: a frame, with and without being asked for one.
    for arguments in [&["top", "--once"][..], &["top"]] {
        let frame = run(&stack, arguments).await.well();
        for there in ["orders per second", "waiting", "end to end", "workers"] {
            assert!(frame.out.contains(there), "{there} is not in\n{}", frame.out);
        }
        assert!(!frame.out.contains('\u{1b}'), "{frame:?}");
    }
    let reading = run(&stack, &["top", "--once", "--json"]).await.well().json();
    assert_eq!((&reading["queue"]["queue_length"], &reading["problems"]), (&json!(1), &json!([])));
    assert_eq!(reading["stats"]["order_status_counts"]["completed"], 1);

    stack.metrics.kill().await;
    let frame = run(&stack, &["top", "--once"]).await.well();
    assert!(frame.out.contains("metrics-service does not answer"), "{frame:?}");
}
