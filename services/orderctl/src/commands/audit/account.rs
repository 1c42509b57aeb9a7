//! The comparison itself, of what was read.

use contract::{Status, StatusCounts};
use serde::Serialize;

use crate::{
    client::model::{Order, Queue, Stats},
    commands::queue::GONE_AFTER_SECS,
    output::words,
};

/// What is found when one number was read a moment before the other.
const MAY_PASS: [&str; 3] = ["not_counted", "counted_otherwise", "without_message"];

/// What was read, and what was found.
#[derive(Debug, Serialize)]
pub(super) struct Account {
    pub(super) orders: u64,
    pub(super) order_status_counts: StatusCounts,
    pub(super) metrics_service: Counted,
    pub(super) queue: Messages,
    /// Nothing came and nothing was on its way while it was read, so that every number was compared.
    pub(super) quiet: bool,
    pub(super) stuck: Vec<Order>,
    pub(super) findings: Vec<Finding>,
    pub(super) accounted_for: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Counted {
    pub(super) orders: u64,
    pub(super) order_status_counts: StatusCounts,
}

#[derive(Debug, Serialize)]
pub(super) struct Messages {
    pub(super) waiting: u64,
    pub(super) in_progress: u64,
    pub(super) delayed: u64,
    pub(super) unpublished: u64,
    pub(super) dead: u64,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Account {
    /// `counts` of the orders, read one by one between `before` and `after`. With `retention` metrics-service may know of more.
    pub(super) fn of(
        counts: StatusCounts,
        before: &Stats,
        after: &Stats,
        queue: &Queue,
        retention: bool,
    ) -> Self {
        let orders = counts.total();
        // What is still to be published or projected explains as many orders that look missing or unfinished.
        let unread: u64 =
            after.partitions.iter().map(|partition| partition.undelivered + partition.unacknowledged).sum();
        let quiet = before.total_orders == after.total_orders
            && unread + queue.unpublished == 0
            && counts.on_their_way() + after.order_status_counts.on_their_way() == 0;
        let mut findings = Vec::new();
        let mut find = |code, message| findings.push(Finding { code, message });

        if after.rebuilding {
            find("rebuilding", "metrics-service rebuilds its numbers: audit again when it has".to_owned());
        } else if after.total_orders + queue.unpublished + unread < orders {
            let missing = words::orders(orders - after.total_orders);
            find("not_counted", format!("metrics-service does not know of {missing} that order-api has"));
        } else if before.total_orders > orders && !retention {
            let missing = words::orders(before.total_orders - orders);
            find(
                "not_stored",
                format!(
                    "metrics-service has counted {missing} that order-api does not have (if old ones are deleted here, say --retention)"
                ),
            );
        } else if quiet && !retention && counts != after.order_status_counts {
            let differing = Status::ALL
                .into_iter()
                .filter(|status| counts.of(*status) != after.order_status_counts.of(*status));
            let names: Vec<_> = differing.map(Status::as_str).collect();
            find(
                "counted_otherwise",
                format!("order-api and metrics-service disagree on how many are {}", names.join(", ")),
            );
        }

        let messages = queue.queue_length + queue.in_progress + queue.delayed + queue.unpublished;
        let on_their_way = after.order_status_counts.on_their_way();
        if on_their_way > messages + unread {
            find(
                "without_message",
                format!(
                    "{} on their way, and only {} in the queue: order-api publishes what is missing again within a minute or two",
                    words::orders(on_their_way),
                    words::count(messages)
                ),
            );
        }
        if queue.queue_length > 0 && !queue.workers.iter().any(|worker| worker.idle_seconds < GONE_AFTER_SECS)
        {
            find(
                "no_worker",
                format!("{} waiting, and no worker takes them", words::orders(queue.queue_length)),
            );
        }
        if queue.dead > 0 {
            find(
                "dead_letters",
                format!("{} dead letters: see `orderctl dead list`", words::count(queue.dead)),
            );
        }
        Self {
            orders,
            order_status_counts: counts,
            metrics_service: Counted {
                orders: after.total_orders,
                order_status_counts: after.order_status_counts,
            },
            queue: Messages {
                waiting: queue.queue_length,
                in_progress: queue.in_progress,
                delayed: queue.delayed,
                unpublished: queue.unpublished,
                dead: queue.dead,
            },
            quiet,
            stuck: Vec::new(),
            accounted_for: findings.is_empty(),
            findings,
        }
    }

    /// Whether another reading, a moment later, might find less.
    pub(super) fn may_pass(&self) -> bool {
        self.findings.iter().any(|finding| MAY_PASS.contains(&finding.code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats(completed: u64, pending: u64) -> Stats {
        let spread = serde_json::json!({
            "count": 0, "mean_seconds": 0, "p50_seconds": 0, "p95_seconds": 0, "p99_seconds": 0, "max_seconds": 0
        });
        let rate = serde_json::json!({ "accepted_per_second": 0, "completed_per_second": 0, "failed_per_second": 0 });
        serde_json::from_value(serde_json::json!({
            "as_of": "2026-01-31T09:30:00Z", "rebuilding": false, "total_orders": completed + pending,
            "total_orders_processed": completed, "average_processing_time_seconds": 0,
            "order_status_counts": {
                "pending": pending, "processing": 0, "completed": completed, "failed": 0, "cancelled": 0
            },
            "durations": { "waiting": spread, "processing": spread, "end_to_end": spread },
            "rates": { "last_1_minute": rate, "last_5_minutes": rate, "last_15_minutes": rate },
            "partitions": [{ "partition": 0, "unacknowledged": pending.min(1) }]
        }))
        .unwrap()
    }

    fn counts(completed: u64, pending: u64) -> StatusCounts {
        StatusCounts { pending, completed, ..StatusCounts::default() }
    }

    fn codes(
        counts: StatusCounts,
        before: &Stats,
        after: &Stats,
        queue: &Queue,
        retention: bool,
    ) -> Vec<&'static str> {
        let account = Account::of(counts, before, after, queue, retention);
        assert_eq!(account.accounted_for, account.findings.is_empty());
        account.findings.iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn what_is_the_same_everywhere_is_accounted_for() {
        let nothing = Queue::default();
        assert!(codes(counts(5, 0), &stats(5, 0), &stats(5, 0), &nothing, false).is_empty());
        // One was placed and one completed meanwhile; one event is on its way to metrics-service.
        assert!(codes(counts(5, 1), &stats(5, 0), &stats(6, 1), &nothing, false).is_empty());
    }

    #[test]
    fn what_is_missing_is_found() {
        let nothing = Queue::default();
        assert_eq!(codes(counts(6, 0), &stats(5, 0), &stats(5, 0), &nothing, false), ["not_counted"]);
        assert_eq!(codes(counts(4, 0), &stats(5, 0), &stats(5, 0), &nothing, false), ["not_stored"]);
        assert!(codes(counts(4, 0), &stats(5, 0), &stats(5, 0), &nothing, true).is_empty());
        assert_eq!(codes(counts(5, 3), &stats(5, 3), &stats(5, 3), &nothing, false), ["without_message"]);
        let failed = StatusCounts { completed: 4, failed: 1, ..StatusCounts::default() };
        assert_eq!(codes(failed, &stats(5, 0), &stats(5, 0), &nothing, false), ["counted_otherwise"]);
    }

    #[test]
    fn a_queue_that_nobody_works_on_and_dead_letters_are_found() {
        let queue = Queue { queue_length: 3, dead: 1, ..Queue::default() };
        assert_eq!(
            codes(counts(5, 3), &stats(5, 3), &stats(5, 3), &queue, false),
            ["no_worker", "dead_letters"]
        );
    }
}
