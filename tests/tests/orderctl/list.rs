//! `orderctl list`.

use serde_json::json;
use system_tests::{Stack, account};

use crate::ctl::{run, run_with};

#[tokio::test(flavor = "multi_thread")]
async fn pages_filters_and_forms() {
    let stack = Stack::start().await;
    let order = |number: usize| json!({ "user_id": format!("user-{}", number % 2), "item_ids": ["x"], "total_amount": number });
    let orders: Vec<_> = (0..230).map(order).collect();
    run_with(&stack, &["place", "-", "-q"], &json!(orders).to_string()).await.well();
    account::all_complete(&stack.client, []).await;

    // One document over several pages.
    let all = run(&stack, &["list", "--all", "--json"]).await.well().json();
    assert_eq!((all["orders"].as_array().unwrap().len(), &all["next_cursor"]), (230, &json!(null)));
    let some = run(&stack, &["list", "-n", "150", "--json"]).await.well().json();
    assert_eq!(some["orders"].as_array().unwrap().len(), 150);
    let cursor = some["next_cursor"].as_str().unwrap();
    let rest = run(&stack, &["list", "--all", "--json", "--cursor", cursor]).await.well().json();
    assert_eq!(rest["orders"].as_array().unwrap().len(), 80);

    let quiet =
        run(&stack, &["list", "--all", "-q", "--user", "user-1", "--status", "completed"]).await.well();
    assert_eq!(quiet.out.lines().filter(|line| line.starts_with("ORD-")).count(), 115);
    let table = run(&stack, &["list"]).await.well();
    assert_eq!(table.out.lines().count(), 21, "a head and twenty orders");
    assert!(!table.out.contains('\u{1b}'), "no colours where nobody looks: {table:?}");

    for none in [["--status", "failed"], ["--before", "1h"], ["--since", "2100-01-01T00:00:00Z"]] {
        let found = run(&stack, &["list", none[0], none[1]]).await.well();
        assert_eq!((found.out.as_str(), found.err.as_str()), ("", "no order matches\n"));
        let found = run(&stack, &["list", none[0], none[1], "--json"]).await.well().json();
        assert_eq!(found, json!({ "orders": [], "next_cursor": null }));
    }
    let recent = run(&stack, &["list", "--since", "1h", "--all", "-q"]).await.well();
    assert_eq!(recent.out.lines().count(), 230);
    run(&stack, &["list", "--since", "yesterday"]).await.badly(2, "is no time");
    run(&stack, &["list", "--status", "lost"]).await.badly(2, "must be one of pending");
    run(&stack, &["list", "--user", ""]).await.badly(6, "user_id");
}
