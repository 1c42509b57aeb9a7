//! A receiver in Python checks what it is sent with the library of Standard Webhooks, as the README shows it.

use std::{process::Stdio, time::Duration};

use serde_json::json;
use system_tests::{Stack, ports::lease, postgres::PrivatePostgres};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::tools::{self, repository};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SETTINGS: [(&str, &str); 3] = [
    ("ORDERFLOW_WEBHOOKS__SECRET", SECRET),
    ("ORDERFLOW_WEBHOOKS__ALLOW_PRIVATE", "true"),
    ("ORDERFLOW_WEBHOOKS__EVENTS", "order.processing,order.completed"),
];

async fn is_understood(stack: &Stack) {
    let port = lease(1);
    let mut python = tools::python("python");
    python.arg(repository().join("tests/clients/receiver.py")).arg(port.first.to_string());
    let mut receiver =
        python.env("WEBHOOK_SECRET", SECRET).stdout(Stdio::piped()).spawn().expect("it can be started");
    let mut lines = BufReader::new(receiver.stdout.take().expect("it is piped")).lines();
    let mut line = async || {
        let line = tokio::time::timeout(Duration::from_secs(90), lines.next_line()).await;
        line.expect("it says something").expect("it can be read").expect("it goes on")
    };
    assert_eq!(line().await, "ready");
    let order = json!({
        "user_id": "user-1",
        "item_ids": ["sku-1"],
        "total_amount": 1,
        "callback_url": format!("http://127.0.0.1:{}/hook", port.first),
    });
    let client = &stack.client;
    let placed = client.http.post(format!("{}/orders/", client.api)).json(&order).send().await;
    let placed = placed.expect("an answer").json::<serde_json::Value>().await.expect("an order");
    let order_id = placed["order_id"].as_str().expect("it is accepted");
    let mut told = [line().await, line().await];
    told.sort_unstable();
    assert_eq!(told, [format!("order.completed {order_id}"), format!("order.processing {order_id}")]);
    receiver.kill().await.expect("it can be ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_is_understood_by_the_library_of_the_convention() {
    is_understood(&Stack::start_with(&SETTINGS).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_the_same_on_postgresql() {
    let postgres = PrivatePostgres::start().await;
    let mut settings = SETTINGS.to_vec();
    let url = postgres.url();
    settings.push(("ORDERFLOW_DATABASE__URL", &url));
    is_understood(&Stack::start_with(&settings).await).await;
}
