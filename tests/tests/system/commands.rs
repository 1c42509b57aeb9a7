//! The subcommands of the programs.

use std::process::Output;

use serde_json::Value;
use system_tests::{Daemon, Stack, account};

async fn run(daemon: &Daemon, arguments: &[&str]) -> Output {
    let mut recipe = daemon.recipe.clone();
    recipe.arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    recipe.command().output().await.expect("it can be run")
}

fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn healthcheck_says_whether_the_service_lives() {
    let mut stack = Stack::start().await;
    for service in stack.services() {
        let healthy = run(service, &["healthcheck"]).await;
        assert!(healthy.status.success(), "{}", words(&healthy));
        service.terminate().await;
        let gone = run(service, &["healthcheck"]).await;
        assert_eq!(gone.status.code(), Some(1), "{}", words(&gone));
    }
}

/// Without Redis and without a database.
#[tokio::test(flavor = "multi_thread")]
async fn openapi_prints_the_document() {
    let stack = Stack::build(&[]);
    for (daemon, path) in [(&stack.api, "/orders/"), (&stack.metrics, "/stats")] {
        let printed = run(daemon, &["openapi"]).await;
        assert!(printed.status.success(), "{}", words(&printed));
        let document: Value = serde_json::from_slice(&printed.stdout).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let there = paths.keys().any(|key| key.trim_end_matches('/') == path.trim_end_matches('/'));
        assert!(there, "no {path} in {:?}", paths.keys());
    }
    assert!(!stack.folder().join("data").exists(), "printing a document made a database");
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_makes_the_database_and_may_be_repeated() {
    let mut stack = Stack::build(&[]);
    for service in stack.services() {
        for _ in 0..2 {
            let migrated = run(service, &["migrate"]).await;
            assert!(migrated.status.success(), "{}", words(&migrated));
        }
        let database = service.recipe.folder.join(format!("data/{}.db", service.recipe.name));
        assert!(database.is_file(), "{} is missing", database.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn populate_fills_a_running_system() {
    let stack = Stack::start().await;
    let url = stack.api.url();
    let populated = run(&stack.api, &["populate", "--orders", "60", "--url", &url]).await;
    assert!(populated.status.success(), "{}", words(&populated));
    let orders = account::all_complete(&stack.client, []).await;
    assert_eq!(orders.len(), 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn populate_says_what_to_do_when_nothing_runs() {
    let stack = Stack::build(&[]);
    let url = stack.api.url();
    let failed = run(&stack.api, &["populate", "--orders", "1", "--url", &url]).await;
    assert!(!failed.status.success());
    assert!(words(&failed).contains("make run"), "{}", words(&failed));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_setting_is_refused_by_name() {
    let mut stack = Stack::build(&[("ORDERFLOW_HTTP__LISTENING", "x")]);
    for service in stack.services() {
        let refused = run(service, &["serve"]).await;
        assert!(!refused.status.success());
        assert!(words(&refused).contains("listening"), "{}", words(&refused));
    }
}
