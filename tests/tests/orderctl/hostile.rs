//! What others write is shown, and does nothing to the terminal.

use serde_json::json;
use system_tests::Stack;

use crate::ctl::{run, run_with};

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_turns_the_line_around_is_shown_as_what_it_is() {
    let stack = Stack::start().await;
    // Control characters are refused by order-api; these are letters to it.
    let user = "ada\u{202e}\u{2066}fdp.exe\u{200b}";
    let order = json!({ "user_id": user, "item_ids": ["\u{202e}x"], "total_amount": 1 });
    let placed = run_with(&stack, &["place", "-"], &order.to_string()).await.well();
    let id = placed.out.split([' ', ':']).nth(1).unwrap().to_owned();
    stack.client.finished(&id).await;
    for arguments in [
        vec!["get", &id],
        vec!["get", &id, "--json"],
        vec!["list"],
        vec!["list", "--json"],
        vec!["watch", &id],
        vec!["watch", &id, "--json"],
    ] {
        let shown = run(&stack, &arguments).await.well();
        assert!(shown.out.contains("fdp.exe"), "{shown:?}");
        let hidden =
            ['\u{202e}', '\u{2066}', '\u{200b}'].into_iter().find(|letter| shown.out.contains(*letter));
        assert_eq!(hidden, None, "{shown:?}");
    }
    assert_eq!(run(&stack, &["get", &id, "--json"]).await.well().json()["user_id"], user);
    // An id is one part of a path, whatever is in it.
    run(&stack, &["get", "../dead-letters?x=\u{1b}[2J"]).await.badly(3, "no such order");
    let both = run(&stack, &["get", "a\u{1b}[2J", "b"]).await;
    assert!(!both.err.contains('\u{1b}') && both.exit == 3, "{both:?}");
}
