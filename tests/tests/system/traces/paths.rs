//! The other ways that an order can go are in its trace, too.

use std::collections::BTreeSet;

use system_tests::{
    Shop,
    client::text,
    collector::{Collector, Span},
    eventually,
};

use super::{CALLER, SAMPLED, TRACE, build, is_whole, order_of, place, settings, with_spans};

/// The names of all whose parent has this name.
fn children_of(name: &str, spans: &[Span]) -> BTreeSet<String> {
    let parents: BTreeSet<_> =
        spans.iter().filter(|span| span.name == name).map(|span| &span.span_id).collect();
    spans.iter().filter(|span| parents.contains(&span.parent_id)).map(|span| span.name.clone()).collect()
}

/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:1/pay";

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_order_has_its_retries_its_compensation_and_the_reasons() {
    let (collector, shop) = (Collector::start().await, Shop::start().await);
    let mut settings = settings(&collector);
    settings.extend(shop.settings(shop.port));
    settings.extend([
        ("ORDERFLOW_PIPELINE__HTTP__PAYMENT_URL", NOBODY.to_owned()),
        ("ORDERFLOW_PROCESSOR__MAX_ATTEMPTS", "2".to_owned()),
        ("ORDERFLOW_PROCESSOR__RETRY_BASE_MS", "1".to_owned()),
    ]);
    let mut stack = build(&settings);
    stack.up().await;
    let order = order_of(place(&stack), SAMPLED).await;
    assert_eq!(stack.client.finished(&text(&order, "order_id")).await["status"], "failed");

    let undone =
        ["undo.fulfilment", "undo.payment", "undo.stock", "order.finish", "order.follow", "order.project"];
    let spans = eventually("the compensation is reported and followed", async || {
        let spans = collector.trace(TRACE);
        let found = children_of("order.compensate", &spans);
        match undone.iter().find(|name| !found.contains(**name)) {
            None => is_whole(&spans).map(|()| spans),
            Some(missing) => Err(format!("{missing} is not in {found:?}")),
        }
    })
    .await;

    let errors = |name: &str| -> Vec<&str> {
        spans
            .iter()
            .filter(|span| span.name == name)
            .map(|span| span.error.as_deref().unwrap_or(""))
            .collect()
    };
    assert_eq!(errors("step.payment"), ["the service can't be reached"; 2]);
    assert_eq!(errors("order.process"), ["payment_unavailable: the service can't be reached"; 2]);
    assert_eq!(errors("step.stock"), [""], "the ledger has it from the first attempt");
    assert_eq!(errors("undo.payment"), [""]);
    assert_eq!(errors("order.compensate"), [""]);
    assert_eq!(errors("order.finish").len(), 3);

    // The way from a line of the log to the trace.
    let log = stack.processor.log().text();
    let line = log.lines().find(|line| line.contains("payment service does not answer")).unwrap();
    let payment: Vec<String> = spans
        .iter()
        .filter(|span| span.name == "step.payment")
        .map(|span| format!("trace_id={TRACE} span_id={}", span.span_id))
        .collect();
    assert!(payment.iter().any(|ids| line.ends_with(ids)), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publication_that_failed_says_so_and_the_next_one_is_there_too() {
    let collector = Collector::start().await;
    let mut stack = build(&settings(&collector));
    stack.api.start_ready().await;
    let order = text(&order_of(place(&stack), SAMPLED).await, "order_id");
    eventually("a publication has failed", async || {
        let spans = collector.trace(TRACE);
        let failed = spans.iter().any(|span| span.name == "order.publish" && span.error.is_some());
        if failed { Ok(()) } else { Err(format!("{spans:?}")) }
    })
    .await;
    stack.redis.start_ready().await;
    stack.metrics.start_ready().await;
    stack.processor.start_ready().await;
    assert_eq!(stack.client.finished(&order).await["status"], "completed");
    eventually("one has not failed", async || {
        let spans = collector.trace(TRACE);
        let published = spans.iter().any(|span| span.name == "order.publish" && span.error.is_none());
        if published { is_whole(&spans) } else { Err(format!("{spans:?}")) }
    })
    .await;
}

/// The trace of whoever takes an order back.
const OTHER: &str = "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb";

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_order_is_laid_aside_in_its_trace() {
    let collector = Collector::start().await;
    let mut stack = build(&settings(&collector));
    stack.redis.start_ready().await;
    stack.api.start_ready().await;
    stack.metrics.start_ready().await;
    let order = text(&order_of(place(&stack), SAMPLED).await, "order_id");
    let url = format!("{}/orders/{order}/cancel", stack.client.api);
    // Once it is published it can be taken back; before, the answer is 503.
    eventually("it is cancelled", async || {
        let request = stack.client.http.post(&url).header("traceparent", format!("00-{OTHER}-{CALLER}-01"));
        let answer = request.send().await.unwrap();
        if answer.status().is_success() { Ok(()) } else { Err(answer.text().await.unwrap()) }
    })
    .await;
    stack.processor.start_ready().await;

    let what_was_asked = [
        ("order-api", "POST /orders/{order_id}/cancel"),
        ("order-api", "order.cancel"),
        ("order-api", "order.follow"),
        ("metrics-service", "order.project"),
    ];
    with_spans(&collector, OTHER, &what_was_asked).await;
    let own = with_spans(&collector, TRACE, &[("order-processor", "order.lay_aside")]).await;
    assert!(
        !own.iter().any(|span| span.name == "order.process" || span.name.starts_with("step.")),
        "{own:?}"
    );
}
