//! Deleting what nobody needs any more, in small steps: each is a short transaction, and whoever writes beside it waits for one
//! at most.

use std::time::Duration;

/// Most rows that one step looks at.
pub const STEP: usize = 200;

/// A pause is so many times as long as the step before it: four fifths of the time the database's one writer is free.
const PAUSE: u32 = 4;
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(1);

/// Leaves the database to others after a step that took so long.
pub async fn pause_after(step: Duration) {
    tokio::time::sleep((step * PAUSE).clamp(SHORTEST, LONGEST)).await;
}

/// [`STEP`] values, the last of them as often as it takes; none stay none. A statement for each number of values would be one of
/// its own to prepare, and would drive out those that are needed all the time.
pub fn padded<T: Clone>(mut values: Vec<T>) -> Vec<T> {
    if let Some(last) = values.last().cloned() {
        values.resize(STEP.max(values.len()), last);
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_is_as_long_as_the_longest() {
        assert!(padded(Vec::<u8>::new()).is_empty());
        let three = padded(vec![1, 2, 3]);
        assert_eq!((three.len(), &three[..3], &three[3..]), (STEP, &[1, 2, 3][..], &[3; STEP - 3][..]));
        assert_eq!(padded(vec![7; STEP]).len(), STEP);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_is_longer_than_its_step_and_never_long() {
        for (step, pause) in [(0, 1), (10, 40), (60_000, 1_000)] {
            let begun = tokio::time::Instant::now();
            pause_after(Duration::from_millis(step)).await;
            assert_eq!(begun.elapsed(), Duration::from_millis(pause));
        }
    }
}
