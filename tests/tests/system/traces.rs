//! One trace from the client's request to both consumers of the outcome, as a collector sees it.

use std::collections::BTreeSet;

use system_tests::{Client, Stack, client::text, collector::Collector, eventually};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_covers_request_publication_work_and_both_consumers() {
    let collector = Collector::start().await;
    let stack = Stack::start_with(&[
        ("ORDERFLOW_TELEMETRY__OTLP_ENDPOINT", &collector.url()),
        ("ORDERFLOW_TELEMETRY__OTLP_PROTOCOL", "http"),
    ])
    .await;
    let request = stack.client.http.post(format!("{}/orders/", stack.client.api)).json(&Client::order(1));
    let answer = request.header("traceparent", format!("00-{TRACE}-{CALLER}-01")).send().await.unwrap();
    let order: serde_json::Value = answer.json().await.unwrap();
    stack.client.finished(&text(&order, "order_id")).await;

    let expected = BTreeSet::from([
        ("order-api", "POST /orders"),
        ("order-api", "order.place"),
        ("order-api", "order.publish"),
        ("order-processor", "order.process"),
        ("order-processor", "step.stock"),
        ("order-processor", "step.payment"),
        ("order-processor", "step.fulfilment"),
        ("order-api", "order.follow"),
        ("metrics-service", "order.project"),
    ]);
    let spans = eventually("all spans have come", async || {
        let spans = collector.trace(TRACE);
        let found: BTreeSet<_> = spans.iter().map(|span| (&*span.service, &*span.name)).collect();
        if found.is_superset(&expected) { Ok(spans.clone()) } else { Err(format!("{found:?}")) }
    })
    .await;

    let named = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    let (request, place, process) = (named("POST /orders"), named("order.place"), named("order.process"));
    assert_eq!(request.parent_id, CALLER);
    assert_eq!(place.parent_id, request.span_id);
    for child in ["order.publish", "order.process"] {
        assert_eq!(named(child).parent_id, place.span_id, "{child}");
    }
    for child in ["step.stock", "step.payment", "step.fulfilment"] {
        assert_eq!(named(child).parent_id, process.span_id, "{child}");
    }
    let ids: BTreeSet<_> = spans.iter().map(|span| &span.span_id).collect();
    for span in &spans {
        assert!(span.parent_id == CALLER || ids.contains(&span.parent_id), "{span:?} hangs in the air");
    }

    let batches = ["intake.commit", "outbox.relay", "events.apply", "projection.apply"];
    eventually("every batch is linked to the trace", async || {
        let linked = collector.linked_to(TRACE);
        match batches.iter().find(|name| !linked.iter().any(|span| span.name == **name)) {
            None => Ok(()),
            Some(missing) => Err(format!("{missing} is not")),
        }
    })
    .await;
}
