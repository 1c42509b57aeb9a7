//! Where an answer's numbers come from.

use std::{sync::Arc, time::Duration};

use contract::Timestamp;
use runtime::clock::Clock;

use super::stats::{DurationStats, Durations, PartitionStats, Rate, Rates, Stats, StatusCounts};
use crate::{
    projection::{
        Numbers, Projection,
        durations::{Kind, Spread},
        rates,
    },
    upkeep::backlog::Backlog,
};

const MINUTE: Duration = Duration::from_mins(1);

/// The projection's numbers, the backlog, and the time to which rates refer.
#[derive(Clone)]
pub(crate) struct StatsSource {
    projection: Arc<Projection>,
    backlog: Backlog,
    clock: Clock,
}

impl StatsSource {
    pub(crate) const fn new(projection: Arc<Projection>, backlog: Backlog, clock: Clock) -> Self {
        Self { projection, backlog, clock }
    }

    /// The whole answer; `None` until the numbers have been loaded.
    pub(super) fn now(&self) -> Option<Stats> {
        let now = self.clock.now();
        self.projection.read(|numbers| self.stats(numbers, now))
    }

    fn stats(&self, numbers: &Numbers, now: Timestamp) -> Stats {
        let kind = |kind| numbers.durations.of(kind);
        let snapshot = numbers.snapshot();
        Stats {
            as_of: numbers.as_of.into(),
            rebuilding: numbers.rebuilding,
            total_orders: numbers.total_orders(),
            total_orders_processed: snapshot.total_orders_processed,
            average_processing_time_seconds: snapshot.average_processing_time_seconds,
            order_status_counts: StatusCounts {
                pending: numbers.counts.pending,
                processing: numbers.counts.processing,
                completed: numbers.counts.completed,
                failed: numbers.counts.failed,
                cancelled: numbers.counts.cancelled,
            },
            durations: Durations {
                waiting: durations(kind(Kind::Waiting)),
                processing: durations(&kind(Kind::ProcessingCompleted).merged(kind(Kind::ProcessingFailed))),
                end_to_end: durations(kind(Kind::EndToEnd)),
            },
            rates: Rates {
                last_1_minute: rate(numbers.rates.over(MINUTE, now)),
                last_5_minutes: rate(numbers.rates.over(5 * MINUTE, now)),
                last_15_minutes: rate(numbers.rates.over(15 * MINUTE, now)),
            },
            partitions: self.partitions(numbers),
        }
    }

    fn partitions(&self, numbers: &Numbers) -> Vec<PartitionStats> {
        let backlog = self.backlog.all();
        let mut partitions: Vec<u16> = numbers.positions.keys().chain(backlog.keys()).copied().collect();
        partitions.sort_unstable();
        partitions.dedup();
        let partition = |partition| {
            let (position, lag) = (numbers.positions.get(&partition), backlog.get(&partition));
            PartitionStats {
                partition,
                last_entry: position.map(|position| position.entry.to_string()),
                projected_at: position.map(|position| position.projected_at.into()),
                undelivered: lag.and_then(|lag| lag.undelivered),
                unacknowledged: lag.map(|lag| lag.unacknowledged),
            }
        };
        partitions.into_iter().map(partition).collect()
    }
}

fn durations(spread: &Spread) -> DurationStats {
    DurationStats {
        count: spread.count(),
        mean_seconds: spread.mean_seconds(),
        min_seconds: spread.min_seconds(),
        p50_seconds: spread.quantile_seconds(0.50),
        p90_seconds: spread.quantile_seconds(0.90),
        p95_seconds: spread.quantile_seconds(0.95),
        p99_seconds: spread.quantile_seconds(0.99),
        max_seconds: spread.max_seconds(),
    }
}

const fn rate(rate: rates::Rate) -> Rate {
    Rate {
        accepted_per_second: rate.accepted,
        completed_per_second: rate.completed,
        failed_per_second: rate.failed,
    }
}
