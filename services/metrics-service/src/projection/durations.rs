//! How long things take: sums and a histogram for each kind of duration.
//!
//! A histogram has three significant digits from a microsecond to a week. Its buckets are the rows of
//! `duration_buckets`, named by the longest duration that falls into them: recorded again, that is the same bucket.

use std::time::Duration;

use hdrhistogram::Histogram;

const SIGNIFICANT_DIGITS: u8 = 3;
/// What lasts longer counts as this long, be it a week of waiting or two clocks that disagree.
pub const LONGEST_US: u64 = 7 * 24 * 3_600 * 1_000_000;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// From the moment an order was placed until its first attempt began.
    Waiting,
    /// The attempt that completed an order.
    ProcessingCompleted,
    /// The attempt that failed an order for good.
    ProcessingFailed,
    /// From the moment an order was placed until it was completed or failed.
    EndToEnd,
}

/// One measured duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) kind: Kind,
    pub(super) micros: u64,
}

/// The durations of all kinds.
#[derive(Clone, Debug, PartialEq)]
pub struct Durations([Spread; Kind::ALL.len()]);

/// The durations of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    pub(super) sums: Sums,
    pub(super) histogram: Histogram<u64>,
}

/// What adds up without a histogram, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) count: u64,
    pub(super) sum_us: u64,
    pub(super) min_us: u64,
    pub(super) max_us: u64,
}

impl Kind {
    pub const ALL: [Self; 4] =
        [Self::Waiting, Self::ProcessingCompleted, Self::ProcessingFailed, Self::EndToEnd];

    /// The name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::ProcessingCompleted => "processing_completed",
            Self::ProcessingFailed => "processing_failed",
            Self::EndToEnd => "end_to_end",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl Sample {
    pub(super) fn new(kind: Kind, duration: Duration) -> Self {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(LONGEST_US);
        Self { kind, micros: micros.min(LONGEST_US) }
    }
}

impl Sums {
    pub(super) const NONE: Self = Self { count: 0, sum_us: 0, min_us: u64::MAX, max_us: 0 };

    pub(super) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum_us = self.sum_us.saturating_add(other.sum_us);
        self.min_us = self.min_us.min(other.min_us);
        self.max_us = self.max_us.max(other.max_us);
    }

    pub(super) fn of(micros: u64) -> Self {
        Self { count: 1, sum_us: micros, min_us: micros, max_us: micros }
    }
}

impl Default for Spread {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST_US, SIGNIFICANT_DIGITS);
        Self { sums: Sums::NONE, histogram: histogram.expect("the bounds are constants that fit") }
    }
}

impl Spread {
    pub(super) fn record(&mut self, micros: u64) {
        self.sums.merge(&Sums::of(micros));
        self.record_bucket(micros, 1);
    }

    pub(super) fn record_bucket(&mut self, upper_us: u64, count: u64) {
        self.histogram.saturating_record_n(upper_us.min(LONGEST_US), count);
    }

    /// What was measured since `earlier`, which is this spread as it was then: durations in microseconds, and how many.
    pub(crate) fn since(&self, earlier: &Self) -> Vec<(u64, u64)> {
        let mut histogram = self.histogram.clone();
        if histogram.subtract(&earlier.histogram).is_err() {
            // It is not the same one any more.
            return Vec::new();
        }
        let bucket = |value: hdrhistogram::iterators::IterationValue<u64>| {
            (value.value_iterated_to(), value.count_since_last_iteration())
        };
        histogram.iter_recorded().map(bucket).collect()
    }

    /// Both together.
    pub fn merged(&self, other: &Self) -> Self {
        let mut both = self.clone();
        both.sums.merge(&other.sums);
        both.histogram.add(&other.histogram).expect("both have the same bounds");
        both
    }

    pub const fn count(&self) -> u64 {
        self.sums.count
    }

    /// 0 where nothing was measured.
    pub fn mean_seconds(&self) -> f64 {
        if self.sums.count == 0 { 0.0 } else { seconds(self.sums.sum_us) / self.sums.count as f64 }
    }

    pub fn min_seconds(&self) -> f64 {
        if self.sums.count == 0 { 0.0 } else { seconds(self.sums.min_us) }
    }

    pub const fn max_seconds(&self) -> f64 {
        seconds(self.sums.max_us)
    }

    /// What the given share (0 to 1) of the durations did not exceed; exact to three digits.
    pub fn quantile_seconds(&self, share: f64) -> f64 {
        // The upper end of the bucket may lie above anything that was measured.
        seconds(self.histogram.value_at_quantile(share).min(self.sums.max_us))
    }
}

impl Default for Durations {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Spread::default()))
    }
}

impl Durations {
    pub const fn of(&self, kind: Kind) -> &Spread {
        &self.0[kind as usize]
    }

    pub(super) const fn of_mut(&mut self, kind: Kind) -> &mut Spread {
        &mut self.0[kind as usize]
    }
}

/// The bucket of each sample, as its row is named.
pub(super) struct Geometry(Histogram<u64>);

impl Geometry {
    pub(super) fn new() -> Self {
        Self(Spread::default().histogram)
    }

    pub(super) fn upper_us(&self, micros: u64) -> u64 {
        self.0.highest_equivalent(micros)
    }
}

const fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spread(micros: &[u64]) -> Spread {
        let mut spread = Spread::default();
        for micros in micros {
            spread.record(*micros);
        }
        spread
    }

    #[test]
    fn nothing_measured_is_all_zero() {
        let none = Spread::default();
        let numbers =
            [none.mean_seconds(), none.min_seconds(), none.max_seconds(), none.quantile_seconds(0.5)];
        assert!(numbers.into_iter().all(|number| number == 0.0), "{numbers:?}");
    }

    #[test]
    fn percentiles_are_exact_to_three_digits_and_never_above_the_maximum() {
        let spread = spread(&(1..=1_000).map(|n| n * 1_000).collect::<Vec<_>>());
        for (share, expected) in [(0.5, 0.5), (0.9, 0.9), (0.99, 0.99), (1.0, 1.0)] {
            let shown = spread.quantile_seconds(share);
            assert!((shown / expected - 1.0).abs() < 0.001, "{share}: {shown}");
        }
        assert!(spread.quantile_seconds(1.0) <= spread.max_seconds());
        assert!((spread.mean_seconds() - 0.5005).abs() < 1e-9);
        assert!((spread.min_seconds() - 0.001).abs() < 1e-9);
    }

    #[test]
    fn what_was_measured_meanwhile_is_told_apart() {
        let earlier = spread(&[1_000, 2_000]);
        let now = spread(&[1_000, 2_000, 2_000, 500_000]);
        let counts: Vec<u64> = now.since(&earlier).into_iter().map(|(_, count)| count).collect();
        assert_eq!(counts, [1, 1]);
        assert_eq!(earlier.since(&now), []);
    }

    #[test]
    fn what_lasts_too_long_counts_as_the_longest() {
        let sample = Sample::new(Kind::Waiting, Duration::MAX);
        assert_eq!(sample.micros, LONGEST_US);
        assert_eq!(spread(&[sample.micros]).count(), 1);
    }

    proptest! {
        #[test]
        fn a_buckets_name_falls_into_the_bucket(micros in 0..=LONGEST_US) {
            let geometry = Geometry::new();
            let upper = geometry.upper_us(micros);
            prop_assert!(upper >= micros);
            prop_assert_eq!(geometry.upper_us(upper.min(LONGEST_US)), upper);
        }

        #[test]
        fn parts_add_up(a in prop::collection::vec(0..=LONGEST_US, 0..50), b in prop::collection::vec(0..=LONGEST_US, 0..50)) {
            let whole = [a.clone(), b.clone()].concat();
            prop_assert_eq!(spread(&a).merged(&spread(&b)), spread(&whole));
        }
    }
}
