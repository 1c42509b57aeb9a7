//! How long orders took within ten seconds, small enough to be kept for each ten seconds of a day: intervals that are five
//! percent wide, of which only those are written down that something fell into.

use std::collections::BTreeMap;

/// The upper end of an interval over its lower one.
const WIDTH: f64 = 1.05;

/// Orders by the interval that their duration falls into: number *n* is from 1.05ⁿ microseconds on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Coarse(BTreeMap<u16, u64>);

impl Coarse {
    pub(super) fn of(durations: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let mut coarse = Self::default();
        for (micros, count) in durations {
            *coarse.0.entry(interval(micros)).or_default() += count;
        }
        coarse
    }

    /// What was written down; nothing, where that can't be read.
    pub(super) fn read(json: &str) -> Self {
        let pairs: Vec<(u16, u64)> = serde_json::from_str(json).unwrap_or_default();
        Self(pairs.into_iter().collect())
    }

    pub(super) fn to_json(&self) -> String {
        let pairs: Vec<(u16, u64)> = self.0.iter().map(|(number, count)| (*number, *count)).collect();
        serde_json::to_string(&pairs).expect("pairs of numbers always serialize")
    }

    pub(super) fn add(&mut self, more: &Self) {
        for (number, count) in &more.0 {
            *self.0.entry(*number).or_default() += count;
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// What the given share of the orders did not exceed, in seconds, to within three percent; `None`: there were none.
    pub(super) fn quantile_seconds(&self, share: f64) -> Option<f64> {
        let wanted = (share * self.count() as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        self.0.iter().find_map(|(number, count)| {
            seen += count;
            // The middle of the interval.
            (seen >= wanted).then(|| WIDTH.powf(f64::from(*number) + 0.5) / 1e6)
        })
    }
}

fn interval(micros: u64) -> u16 {
    (micros.max(1) as f64).log(WIDTH) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::durations::LONGEST_US;

    #[test]
    fn percentiles_are_right_to_within_three_percent() {
        let coarse = Coarse::of((1..=1_000).map(|millis| (millis * 1_000, 1)));
        for (share, expected) in [(0.5, 0.5), (0.95, 0.95), (0.99, 0.99)] {
            let shown = coarse.quantile_seconds(share).unwrap();
            assert!((shown / expected - 1.0).abs() < 0.03, "{share}: {shown}");
        }
        assert_eq!(Coarse::default().quantile_seconds(0.5), None);
    }

    #[test]
    fn what_is_written_down_is_read_back_and_adds_up() {
        let mut coarse = Coarse::of([(0, 1), (1, 1), (2_500, 3), (LONGEST_US, 2)]);
        assert_eq!(Coarse::read(&coarse.to_json()), coarse);
        coarse.add(&Coarse::of([(2_500, 1)]));
        assert_eq!(coarse.count(), 8);
        assert_eq!(Coarse::read("no json"), Coarse::default());
    }
}
