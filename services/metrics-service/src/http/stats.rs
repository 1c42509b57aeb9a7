//! The answer of `/stats`, as it is documented.

use contract::Timestamp;
use poem_openapi::{Object, types::Example};
use runtime::http::schema::Time;
use serde::Serialize;

/// All orders, in numbers
#[derive(Clone, Debug, PartialEq, Serialize, Object)]
#[oai(example)]
pub struct Stats {
    /// When the newest event that is counted here was projected, or the numbers were corrected after that
    pub as_of: Time,
    /// Redis has lost events, and the numbers are being corrected from the orders themselves
    pub rebuilding: bool,
    /// Orders that were ever accepted
    pub total_orders: u64,
    /// Orders that were completed or failed
    pub total_orders_processed: u64,
    /// Mean time of the attempts that completed an order; 0 while none has
    pub average_processing_time_seconds: f64,
    /// Orders by where they stand now
    pub order_status_counts: StatusCounts,
    /// How long things take, over all orders
    pub durations: Durations,
    /// How much happens per second
    pub rates: Rates,
    /// How far the events of each partition have been projected
    pub partitions: Vec<PartitionStats>,
}

/// Orders by where they stand now
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Object)]
pub struct StatusCounts {
    /// Accepted, and waiting for their first attempt or the next one
    pub pending: u64,
    /// In work
    pub processing: u64,
    /// Every step was accepted
    pub completed: u64,
    /// Refused, or given up after the last attempt
    pub failed: u64,
    /// Taken back before a worker had them
    pub cancelled: u64,
}

/// How long things take
#[derive(Clone, Debug, PartialEq, Serialize, Object)]
pub struct Durations {
    /// From the moment an order was placed until its first attempt began
    pub waiting: DurationStats,
    /// The attempts that completed or failed an order, from start to end
    pub processing: DurationStats,
    /// From the moment an order was placed until it was completed or failed
    pub end_to_end: DurationStats,
}

/// How durations of one kind are spread; all 0 while none was measured. Percentiles are exact to three digits.
#[derive(Clone, Debug, PartialEq, Serialize, Object)]
pub struct DurationStats {
    /// How many were measured
    pub count: u64,
    /// Their mean
    pub mean_seconds: f64,
    /// The shortest
    pub min_seconds: f64,
    /// Half of them took at most this long
    pub p50_seconds: f64,
    /// 90% of them took at most this long
    pub p90_seconds: f64,
    /// 95% of them took at most this long
    pub p95_seconds: f64,
    /// 99% of them took at most this long
    pub p99_seconds: f64,
    /// The longest
    pub max_seconds: f64,
}

/// How much happens per second, by the time of the events
#[derive(Clone, Debug, PartialEq, Serialize, Object)]
#[expect(clippy::struct_field_names, reason = "the names are those of the JSON")]
pub struct Rates {
    /// Mean over the last minute
    pub last_1_minute: Rate,
    /// Mean over the last five minutes
    pub last_5_minutes: Rate,
    /// Mean over the last fifteen minutes
    pub last_15_minutes: Rate,
}

/// Orders per second
#[derive(Clone, Debug, PartialEq, Serialize, Object)]
#[expect(clippy::struct_field_names, reason = "the names are those of the JSON, where units belong")]
pub struct Rate {
    /// Orders accepted per second
    pub accepted_per_second: f64,
    /// Orders completed per second
    pub completed_per_second: f64,
    /// Orders failed per second
    pub failed_per_second: f64,
}

/// How far the events of one partition have been projected; what is not known is absent
#[derive(Clone, Debug, PartialEq, Serialize, Object)]
pub struct PartitionStats {
    /// The partition's number
    pub partition: u16,
    /// Id of the newest stream entry that was projected
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_entry: Option<String>,
    /// When it was projected
    #[serde(skip_serializing_if = "Option::is_none")]
    pub projected_at: Option<Time>,
    /// Events that have not been delivered to the projection
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undelivered: Option<u64>,
    /// Events that were delivered to it and not acknowledged
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unacknowledged: Option<u64>,
}

impl Example for Stats {
    fn example() -> Self {
        // 2026-01-31T09:30:00Z
        let as_of = Time(Timestamp::from_micros(1_769_851_800_000_000));
        let spread = |mean_seconds: f64| DurationStats {
            count: 1_180,
            mean_seconds,
            min_seconds: 0.25 * mean_seconds,
            p50_seconds: mean_seconds,
            p90_seconds: 1.5 * mean_seconds,
            p95_seconds: 2.0 * mean_seconds,
            p99_seconds: 3.0 * mean_seconds,
            max_seconds: 8.0 * mean_seconds,
        };
        let rate = |accepted: f64| Rate {
            accepted_per_second: accepted,
            completed_per_second: accepted - 1.0,
            failed_per_second: 0.5,
        };
        Self {
            as_of: as_of.clone(),
            rebuilding: false,
            total_orders: 1_204,
            total_orders_processed: 1_180,
            average_processing_time_seconds: 0.125,
            order_status_counts: StatusCounts {
                pending: 16,
                processing: 4,
                completed: 1_150,
                failed: 30,
                cancelled: 4,
            },
            durations: Durations {
                waiting: spread(0.25),
                processing: spread(0.125),
                end_to_end: spread(0.5),
            },
            rates: Rates {
                last_1_minute: rate(12.5),
                last_5_minutes: rate(10.0),
                last_15_minutes: rate(4.0),
            },
            partitions: vec![PartitionStats {
                partition: 0,
                last_entry: Some("1769851799998-0".to_owned()),
                projected_at: Some(as_of),
                undelivered: Some(3),
                unacknowledged: Some(0),
            }],
        }
    }
}
