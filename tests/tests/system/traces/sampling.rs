//! Which traces there are: those that a caller has recorded, and the configured share of those that begin here.

use std::collections::BTreeSet;

use system_tests::{Stack, client::text, collector::Collector};

use super::{SAMPLED, TRACE, build, order_of, place, settings};

/// Its sender does not have it recorded.
const NOT_SAMPLED: &str = "00-aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb-00f067aa0ba902b7-00";

async fn finished(stack: &Stack, traceparent: &str) {
    let order = order_of(place(stack), traceparent).await;
    stack.client.finished(&text(&order, "order_id")).await;
}

/// The traces of which anything comes, after all services have sent what they had.
async fn traces_with_ratio(ratio: &str) -> BTreeSet<String> {
    let collector = Collector::start().await;
    let mut settings = settings(&collector);
    settings.push(("ORDERFLOW_TELEMETRY__SAMPLE_RATIO", ratio.to_owned()));
    let mut stack = build(&settings);
    stack.up().await;
    finished(&stack, SAMPLED).await;
    finished(&stack, NOT_SAMPLED).await;
    let own = stack.client.placed(2).await;
    stack.client.finished(&own).await;
    for service in stack.services() {
        assert!(service.terminate().await.success());
    }
    collector.traces()
}

#[tokio::test(flavor = "multi_thread")]
async fn with_none_of_ours_the_callers_are_still_whole() {
    assert_eq!(traces_with_ratio("0").await, BTreeSet::from([TRACE.to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_all_of_ours_one_that_the_caller_leaves_out_is_left_out() {
    let traces = traces_with_ratio("1").await;
    assert!(traces.contains(TRACE));
    assert!(traces.len() > 1, "those that began here");
    assert!(!traces.contains(NOT_SAMPLED.split('-').nth(1).unwrap()));
}
