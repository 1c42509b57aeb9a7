//! Waiting for a condition. The deadline is for a machine that is busy with other things; a test that passes
//! never spends it.

use std::time::{Duration, Instant};

pub const DEADLINE: Duration = Duration::from_secs(90);
const ASK_EVERY: Duration = Duration::from_millis(20);

/// Asks until the answer is `Ok`.
///
/// # Panics
/// With the last answer, once the deadline has passed.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(last) => {
                assert!(Instant::now() < deadline, "not within {} s: {what}: {last}", DEADLINE.as_secs());
            }
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}
