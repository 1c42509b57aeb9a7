//! All numbers, in memory: what `/stats`, the snapshot and Prometheus are served from.

use std::collections::BTreeMap;

use contract::{MetricsSnapshot, Status, StatusCounts, Timestamp};
use streams::EntryId;

use super::{
    change::Change,
    durations::{Durations, Kind},
    rates::Rates,
};

/// The numbers of all partitions.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    /// When the newest event that is counted was projected, or the numbers were corrected after that.
    pub as_of: Timestamp,
    pub counts: StatusCounts,
    pub durations: Durations,
    pub rates: Rates,
    pub positions: BTreeMap<u16, Position>,
    /// Events were lost, and the numbers are being corrected.
    pub rebuilding: bool,
}

/// How far a partition's events have been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub partition: u16,
    /// The newest entry that was applied.
    pub entry: EntryId,
    pub projected_at: Timestamp,
}

impl Numbers {
    /// Nothing has happened.
    pub fn none(as_of: Timestamp) -> Self {
        Self {
            as_of,
            counts: StatusCounts::default(),
            durations: Durations::default(),
            rates: Rates::default(),
            positions: BTreeMap::new(),
            rebuilding: false,
        }
    }

    /// Every order that was ever seen.
    pub fn total_orders(&self) -> u64 {
        Status::ALL.into_iter().map(|status| self.counts.of(status)).sum()
    }

    /// What order-api shows.
    pub fn snapshot(&self) -> MetricsSnapshot {
        MetricsSnapshot {
            as_of: self.as_of,
            average_processing_time_seconds: self.durations.of(Kind::ProcessingCompleted).mean_seconds(),
            order_status_counts: self.counts,
            total_orders_processed: self.counts.processed(),
        }
    }

    pub(super) fn change(&mut self, change: &Change) {
        self.as_of = self.as_of.max(change.as_of.unwrap_or(self.as_of));
        if let Some(position) = change.position {
            self.advance(position);
        }
        for (status, more) in Status::ALL.into_iter().zip(change.counts) {
            let count = self.counts.of_mut(status);
            *count = count.saturating_add_signed(more);
        }
        for sample in &change.samples {
            self.durations.of_mut(sample.kind).record(sample.micros);
        }
        for (bucket, flow) in &change.flows {
            self.rates.add(*bucket, *flow);
        }
    }

    pub(super) fn advance(&mut self, position: Position) {
        self.as_of = self.as_of.max(position.projected_at);
        let newest = self.positions.entry(position.partition).or_insert(position);
        if position.entry > newest.entry {
            *newest = position;
        }
    }
}
