//! The last lines that a program has written, for the message that it can't be kept running.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

const LINES: usize = 20;

#[derive(Clone, Debug, Default)]
pub(super) struct Tail(Arc<Mutex<VecDeque<String>>>);

impl Tail {
    pub(super) fn push(&self, line: &str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(line.to_owned());
    }

    /// The lines, indented, one below the other.
    pub(super) fn text(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().flat_map(|line| ["    ", line, "\n"]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_lines_are_kept() {
        let tail = Tail::default();
        (0..100).for_each(|n| tail.push(&n.to_string()));
        assert_eq!(tail.text().lines().count(), LINES);
        assert!(tail.text().starts_with("    80\n"));
    }
}
