//! How fast something comes to its end.

use std::time::Duration;

use anyhow::bail;
use tokio::time::Instant;

const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Nothing moves for so long: it will not come to its end.
const PATIENCE: Duration = Duration::from_mins(1);

/// Looks until `all` is reached. The rate begins at the first look that sees something done, so that the start of a program
/// does not count.
pub(crate) async fn rate(
    what: &str,
    all: u64,
    look: impl AsyncFn() -> anyhow::Result<u64>,
) -> anyhow::Result<f64> {
    let mut first = None;
    let (mut last_done, mut moved) = (0, Instant::now());
    loop {
        let (done, now) = (look().await?, Instant::now());
        if done != last_done {
            (last_done, moved) = (done, now);
        } else if now - moved >= PATIENCE {
            bail!("{what} stands still at {done} of {all}");
        }
        match first {
            None if done > 0 => first = Some((now, done)),
            Some((begun, before)) if done >= all => {
                return Ok((done - before) as f64 / (now - begun).as_secs_f64());
            }
            _ => {}
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_rate_is_that_from_the_first_look_to_the_last() {
        let looks = Cell::new(0);
        let rate = rate("it", 30, async || {
            looks.set(looks.get() + 1);
            Ok([0, 10, 20, 30][looks.get() - 1])
        });
        // Twenty in two pauses.
        assert!((rate.await.unwrap() - 10.0 / LOOK_EVERY.as_secs_f64()).abs() < 1e-6);
        assert_eq!(looks.get(), 4);
    }
}
