//! What is said when something is missing, and the exit status.

use system_tests::{Stack, ports::lease};

use crate::ctl::{command, finish, run};

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_said_with_what_to_do() {
    let stack = Stack::build(&[]);
    for arguments in [
        vec!["place", "-u", "a", "-i", "b", "-a", "1"],
        vec!["get", "ORD-1"],
        vec!["watch", "ORD-1"],
        vec!["list"],
        vec!["cancel", "ORD-1"],
        vec!["retry", "ORD-1"],
        vec!["retry", "--failed", "--yes"],
        vec!["queue"],
        vec!["top", "--once"],
        vec!["dead", "list"],
        vec!["dead", "delete", "0:1-1", "--yes"],
    ] {
        let said = format!(
            "order-api does not answer at {} (connection refused): is it running? `make run`",
            stack.api.url()
        );
        let done = run(&stack, &arguments).await.badly(5, &said);
        assert!(done.out.is_empty(), "{done:?}");
    }
    run(&stack, &["audit"]).await.badly(5, "metrics-service does not answer");
    let lost = run(&stack, &["place", "-u", "a", "-i", "b", "-a", "1", "--idempotency-key", "k"]).await;
    lost.badly(5, "With --idempotency-key k the same command can be repeated");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_program_at_the_address_is_suspected() {
    let stack = Stack::start().await;
    let metrics = stack.metrics.url();
    run(&stack, &["--api", &metrics, "queue"]).await.badly(1, "not as order-api would");
    run(&stack, &["queue", "--api", "127.0.0.1:8000"])
        .await
        .badly(2, "is no address such as http://127.0.0.1:8000");
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    run(&stack, &["queue", "--api", &address, "--timeout", "1"]).await.badly(5, "did not answer within 1 s");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_what_needs_it_is_unavailable() {
    let mut stack = Stack::start().await;
    stack.redis.kill().await;
    run(&stack, &["queue"]).await.badly(5, "redis_unavailable");
    run(&stack, &["place", "-u", "a", "-i", "b", "-a", "1"]).await.well();
}

/// Where `up` would serve in this folder is where the commands look.
#[tokio::test(flavor = "multi_thread")]
async fn the_folders_settings_say_where_to_ask() {
    let stack = Stack::build(&[]);
    let port = lease(1).first;
    std::fs::write(stack.folder().join(".env"), format!("ORDERFLOW_HTTP__LISTEN=0.0.0.0:{port}\n")).unwrap();
    let mut command = command(&stack, &["queue"]);
    command.env_remove("ORDERCTL_API").env_remove("ORDERCTL_METRICS");
    finish(command, "").await.badly(5, &format!("order-api does not answer at http://127.0.0.1:{port}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn help_and_completions_need_nothing_that_runs() {
    let stack = Stack::build(&[]);
    let help = run(&stack, &["--help"]).await.well();
    assert!(help.out.contains("Exit status:") && help.out.contains("ORDERCTL_API"), "{help:?}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&stack, &["completions", shell]).await.well();
        assert!(script.out.contains("orderctl") && script.out.contains("idempotency-key"), "{shell}");
    }
    run(&stack, &["completions", "csh"]).await.badly(2, "bash");
    run(&stack, &["frobnicate"]).await.badly(2, "frobnicate");
}
