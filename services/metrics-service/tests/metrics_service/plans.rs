//! No statement looks at all orders, however many there are: not to start, not to count, not to rebuild.

use std::time::Duration;

use contract::Status;
use metrics_service::projection::{OrderRecord, Page, Projection};
use runtime::clock::Clock;
use streams::{EntryId, Progress};
use system_tests::plans::Plans;

use crate::{
    events::{START, completed, delivered, order},
    world::Disk,
};

/// Sums, of which there are as many as kinds of them, and two days of rates; partitions; the one rebuild.
const SMALL: [&str; 6] =
    ["status_counts", "durations", "duration_buckets", "rate_buckets", "positions", "rebuild"];

#[tokio::test]
async fn no_statement_looks_at_all_orders() {
    let (disk, plans) = (Disk::new(), Plans::default());
    let mut database = disk.database().await;
    plans.watch(&mut database.reader);
    plans.watch(&mut database.writer);
    let projection = Projection::new(database.clone(), Clock::manual(START));
    projection.load().await.unwrap();
    projection.name_epoch(0, "a").await.unwrap();
    projection.apply(0, &delivered(1, (1..=5).flat_map(completed))).await.unwrap();

    let reached = projection.reached(0).await.unwrap();
    let id = EntryId::new(1, 0);
    let found = Progress {
        epoch: "b".to_owned(),
        last_event: id,
        delivered: id,
        oldest_pending: None,
        has_acknowledged: true,
    };
    projection.note_loss(0, reached.as_ref(), &found, true).await.unwrap();
    let rebuild = projection.claim_rebuild("metrics-1", Duration::from_mins(1)).await.unwrap().unwrap();
    let page = Page { orders: (6..=9).map(record).collect(), next: None };
    let corrected = projection.correct(&rebuild, &page, Duration::ZERO).await.unwrap();
    assert_eq!(corrected.orders, 4);
    projection.forget_older_than(Duration::from_hours(1)).await.unwrap();

    let sent = ["INTO projected_orders", "FROM projected_orders", r#"DELETE FROM "rate_buckets""#];
    assert!(plans.missing(&sent).is_empty());
    let scans = plans.scans(&database.reader, &SMALL).await;
    assert!(scans.is_empty(), "{}", scans.join("\n"));
}

/// As order-api has an order of which nothing was heard.
fn record(number: u128) -> OrderRecord {
    let after = |seconds| Some(START + Duration::from_secs(seconds));
    OrderRecord {
        order_id: order(number),
        status: Status::Completed,
        version: 3,
        placed_at: START,
        started_at: after(1),
        finished_at: after(2),
        attempts: 1,
    }
}
