//! The last readings, as far as they are shown: the newest, and a rate for each step from one to the next.

use std::collections::VecDeque;

use super::reading::Reading;

/// More than any terminal is wide.
const MOST: usize = 400;

#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) newest: Option<Reading>,
    /// Orders per second, newest last.
    pub(super) accepted: VecDeque<f64>,
    pub(super) finished: VecDeque<f64>,
}

impl History {
    pub(super) fn add(&mut self, reading: Reading) {
        let before = self.newest.as_ref().and_then(|newest| Some((newest.time, newest.stats.as_ref()?)));
        if let (Some((time, before)), Some(now)) = (before, &reading.stats) {
            let seconds = reading.time.since(time).as_secs_f64().max(0.001);
            let rate = |before: u64, now: u64| now.saturating_sub(before) as f64 / seconds;
            push(&mut self.accepted, rate(before.total_orders, now.total_orders));
            push(&mut self.finished, rate(before.total_orders_processed, now.total_orders_processed));
        }
        self.newest = Some(reading);
    }
}

fn push(rates: &mut VecDeque<f64>, rate: f64) {
    if rates.len() == MOST {
        rates.pop_front();
    }
    rates.push_back(rate);
}
