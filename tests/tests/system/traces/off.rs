//! Nobody takes the traces: orders don't notice, and the log stays readable.

use std::{net::TcpListener, time::Instant};

use system_tests::{Daemon, Stack};

/// An outage is a line at its begin and one each half minute.
const SECONDS_OF_A_LINE: u64 = 30;

async fn works_without_a_collector(endpoint: &str, protocol: &str) {
    let begun = Instant::now();
    let mut stack = Stack::start_with(&[
        ("ORDERFLOW_TELEMETRY__OTLP_ENDPOINT", endpoint),
        ("ORDERFLOW_TELEMETRY__OTLP_PROTOCOL", protocol),
        // Batches go out often, so that many fail.
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
    ])
    .await;
    let mut orders = Vec::new();
    for number in 0..50 {
        orders.push(stack.client.placed(number).await);
    }
    for order in orders {
        assert_eq!(stack.client.finished(&order).await["status"], "completed");
    }
    for service in stack.services() {
        assert!(service.terminate().await.success(), "{}", service.recipe.name);
        assert_readable(service, begun);
    }
}

fn assert_readable(service: &Daemon, begun: Instant) {
    let log = service.log().text();
    let lines = log.lines().filter(|line| line.contains("trace collector")).count() as u64;
    let most = 1 + begun.elapsed().as_secs() / SECONDS_OF_A_LINE;
    assert!((1..=most).contains(&lines), "{lines} lines of {}", service.recipe.name);
    // A batch that failed has no line of its own.
    assert!(log.lines().count() < 50, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_is_named_once() {
    for protocol in ["http", "grpc"] {
        works_without_a_collector("http://127.0.0.1:1", protocol).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_never_answers_holds_nothing_up() {
    // Connections are made, and nobody reads from them.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    for protocol in ["http", "grpc"] {
        works_without_a_collector(&endpoint, protocol).await;
    }
}
