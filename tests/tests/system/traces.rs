//! Traces as a collector sees them: what is in them, which of them there are, and what becomes of the services when nobody
//! takes them.

mod off;
mod paths;
mod sampling;

use std::collections::BTreeSet;

use reqwest::RequestBuilder;
use serde_json::Value;
use system_tests::{
    Client, Stack,
    client::text,
    collector::{Collector, Span},
    eventually,
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
/// Its sender has it recorded.
const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// What the services need to know of the collector.
fn settings(collector: &Collector) -> Vec<(&'static str, String)> {
    vec![
        ("ORDERFLOW_TELEMETRY__OTLP_ENDPOINT", collector.url()),
        ("ORDERFLOW_TELEMETRY__OTLP_PROTOCOL", "http".to_owned()),
    ]
}

fn build(settings: &[(&'static str, String)]) -> Stack {
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Stack::build(&settings)
}

/// Sends a request as part of a trace, and gives the order that it is answered with.
async fn order_of(request: RequestBuilder, traceparent: &str) -> Value {
    let answer = request.header("traceparent", traceparent).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{answer:?}");
    answer.json().await.expect("an order")
}

fn place(stack: &Stack) -> RequestBuilder {
    stack.client.http.post(format!("{}/orders/", stack.client.api)).json(&Client::order(1))
}

/// A trace, once it has spans of all these names and is whole: each service sends its own when it sees fit.
async fn with_spans(collector: &Collector, trace: &str, expected: &[(&str, &str)]) -> Vec<Span> {
    let expected: BTreeSet<_> = expected.iter().copied().collect();
    eventually("all spans have come", async || {
        let spans = collector.trace(trace);
        let found: BTreeSet<_> = spans.iter().map(|span| (&*span.service, &*span.name)).collect();
        if !found.is_superset(&expected) {
            return Err(format!("{found:?}"));
        }
        is_whole(&spans)?;
        Ok(spans)
    })
    .await
}

/// Each span's parent is in the trace, or the caller.
fn is_whole(spans: &[Span]) -> Result<(), String> {
    let ids: BTreeSet<_> = spans.iter().map(|span| &span.span_id).collect();
    let in_the_air = spans.iter().find(|span| span.parent_id != CALLER && !ids.contains(&span.parent_id));
    in_the_air.map_or(Ok(()), |span| Err(format!("{span:?} hangs in the air")))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_covers_request_publication_work_and_both_consumers() {
    let collector = Collector::start().await;
    let mut stack = build(&settings(&collector));
    stack.up().await;
    let order = order_of(place(&stack), SAMPLED).await;
    stack.client.finished(&text(&order, "order_id")).await;

    let spans = with_spans(
        &collector,
        TRACE,
        &[
            ("order-api", "POST /orders"),
            ("order-api", "order.place"),
            ("order-api", "order.publish"),
            ("order-processor", "order.process"),
            ("order-processor", "step.stock"),
            ("order-processor", "step.payment"),
            ("order-processor", "step.fulfilment"),
            ("order-processor", "order.finish"),
            ("order-api", "order.follow"),
            ("metrics-service", "order.project"),
        ],
    )
    .await;

    let named = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    let (request, place, process) = (named("POST /orders"), named("order.place"), named("order.process"));
    assert_eq!(request.parent_id, CALLER);
    assert_eq!(place.parent_id, request.span_id);
    for child in ["order.publish", "order.process"] {
        assert_eq!(named(child).parent_id, place.span_id, "{child}");
    }
    for child in ["step.stock", "step.payment", "step.fulfilment", "order.finish"] {
        assert_eq!(named(child).parent_id, process.span_id, "{child}");
    }
    assert!(spans.iter().all(|span| span.error.is_none()), "{spans:?}");

    let batches = [
        "intake.commit",
        "outbox.relay",
        "ledger.commit",
        "finish.report",
        "events.apply",
        "projection.apply",
    ];
    let linked = eventually("every batch is linked to the trace", async || {
        let linked = collector.linked_to(TRACE);
        match batches.iter().find(|name| !linked.iter().any(|span| span.name == **name)) {
            None => Ok(linked),
            Some(missing) => Err(format!("{missing} is not")),
        }
    })
    .await;
    // An order's span lasts as long as what is done for the whole batch.
    for (own, batch) in [("order.publish", "outbox.relay"), ("order.finish", "finish.report")] {
        let batch = linked.iter().find(|span| span.name == batch).unwrap();
        assert!(named(own).end >= batch.end, "{own}: {:?} {batch:?}", named(own));
    }
    let commit = linked.iter().find(|span| span.name == "ledger.commit").unwrap();
    assert!(named("order.finish").begin >= commit.begin && named("order.finish").begin <= commit.end);
}
