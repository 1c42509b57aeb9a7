//! A program in TypeScript, with types that are generated from the document: it compiles under the strictest rules, and runs.

use std::{fs, os::unix::fs::symlink};

use system_tests::Stack;
use tokio::process::Command;

use crate::tools::{self, repository};

#[tokio::test(flavor = "multi_thread")]
async fn the_example_compiles_and_follows_an_order_to_its_end() {
    let stack = Stack::start().await;
    let folder = tempfile::tempdir_in(stack.folder()).expect("a temporary folder");
    let sources = repository().join("tests/clients/typescript");
    for name in ["example.ts", "tsconfig.json"] {
        fs::copy(sources.join(name), folder.path().join(name)).expect("a file can be copied");
    }
    fs::write(folder.path().join("package.json"), r#"{"type": "module"}"#).expect("a file can be written");
    symlink(tools::folder().join("node/node_modules"), folder.path().join("node_modules")).expect("a link");

    let document = repository().join("openapi/order-api.json");
    let mut generate = tools::node("openapi-typescript");
    tools::run(generate.arg(document).args(["-o", "order-api.d.ts"]).current_dir(folder.path())).await;
    tools::run(tools::node("tsc").args(["--project", "."]).current_dir(folder.path())).await;
    let mut example = Command::new("node");
    example.arg("built/example.js").arg(&stack.client.api).current_dir(folder.path()).kill_on_drop(true);
    let said = tools::run(&mut example).await;

    let lines: Vec<&str> = said.lines().collect();
    let [placed, processing, completed, end, refused] = lines[..] else { panic!("{said}") };
    for (line, event) in
        [(placed, "1 order.placed"), (processing, "2 order.processing"), (completed, "3 order.completed")]
    {
        assert!(line.starts_with(event), "{said}");
    }
    assert!(end.starts_with("ORD-") && end.ends_with(" is completed"), "{said}");
    assert_eq!(refused, "nonsense: 404 order_not_found");
}
