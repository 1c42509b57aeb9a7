//! `orderctl dead`.

use serde_json::json;
use system_tests::{Stack, redis};

use crate::ctl::{length, run, run_with, texts, until};

/// A message of a kind that no worker knows, with an order to the terminal in it. A worker sets it aside.
async fn bury(stack: &Stack) {
    let words = r#"XADD orderflow:{0}:queue * type "order.pack\x1b[2J" data "\x1b]0;title\x07""#;
    redis::command(stack.redis.port, words).await;
}

async fn letters(stack: &Stack, number: usize) -> Vec<String> {
    let page = until(stack, &["dead", "list", "--all"], |page| length(&page["dead_letters"]) == number).await;
    texts(&page["dead_letters"], "id")
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_listed_shown_sent_again_and_deleted() {
    let stack = Stack::start().await;
    letters(&stack, 0).await;
    let none = run(&stack, &["dead", "list"]).await.well();
    assert!(none.err.contains("there are no dead letters"), "{none:?}");
    for _ in 0..3 {
        bury(&stack).await;
    }
    let ids = letters(&stack, 3).await;

    let listed = run(&stack, &["dead", "list", "-n", "2"]).await.well();
    assert_eq!(listed.out.lines().count(), 3, "{listed:?}");
    let shown = run(&stack, &["dead", "show", &ids[0]]).await.well();
    assert!(shown.out.contains("type: order.pack\\u{1b}[2J"), "{shown:?}");
    let json = run(&stack, &["dead", "show", &ids[0], "--json"]).await.well();
    let fields = &json.json()["fields"];
    assert!(
        fields.as_array().unwrap().contains(&json!({ "name": "type", "value": "order.pack\u{1b}[2J" })),
        "{fields}"
    );
    for printed in [listed, shown, json] {
        let acts = printed.out.chars().find(|character| character.is_control() && *character != '\n');
        assert_eq!(acts, None, "{printed:?}");
    }

    // It is no better the second time, and comes back under another id.
    run(&stack, &["dead", "redrive", &ids[0]]).await.badly(2, "say --yes");
    let sent = run(&stack, &["dead", "redrive", &ids[0], "--yes", "--json"]).await.well().json();
    assert_eq!((&sent["redriven"], &sent["results"][0]["outcome"]), (&json!(1), &json!("redriven")));
    assert!(!letters(&stack, 3).await.contains(&ids[0]));
    run(&stack, &["dead", "redrive", &ids[0], "-y"]).await.badly(3, "no such dead letter");
    let all = run(&stack, &["dead", "redrive", "--all", "--yes"]).await.well();
    assert!(all.err.contains("3 sent again"), "{all:?}");

    let ids = letters(&stack, 3).await;
    run(&stack, &["dead", "delete", &ids[0]]).await.badly(2, "deleted for good");
    let piped = format!("{}\n0:1-1\n", ids[0]);
    let some = run_with(&stack, &["dead", "delete", "-", "--yes", "--json"], &piped).await.badly(3, "0:1-1");
    assert_eq!(some.json(), json!({ "deleted": [ids[0]], "not_found": ["0:1-1"] }));
    let rest = run(&stack, &["dead", "delete", "--all", "--yes"]).await.well();
    assert_eq!(rest.out.lines().count(), 2, "{rest:?}");
    letters(&stack, 0).await;
    run(&stack, &["dead", "show", "0:1-1"]).await.badly(3, "no such dead letter");
}
