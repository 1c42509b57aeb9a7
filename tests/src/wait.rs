//! Waiting for a condition. The deadline is for a machine that is busy with other things; a test that passes
//! never spends it.

use std::time::{Duration, Instant};

pub const DEADLINE: Duration = Duration::from_secs(90);
const ASK_EVERY: Duration = Duration::from_millis(20);

/// Asks until the answer is `Ok`.
///
/// # Panics
/// With the last answer, once the deadline has passed.
pub async fn eventually<T>(what: &str, ask: impl AsyncFnMut() -> Result<T, String>) -> T {
    match in_time(ask).await {
        Ok(answer) => answer,
        Err(last) => panic!("not within {} s: {what}: {last}", DEADLINE.as_secs()),
    }
}

/// Asks until the answer is `Ok`, or the deadline has passed: then it is the last answer.
pub async fn in_time<T, E>(mut ask: impl AsyncFnMut() -> Result<T, E>) -> Result<T, E> {
    let deadline = Instant::now() + DEADLINE;
    loop {
        match ask().await {
            Err(_) if Instant::now() < deadline => tokio::time::sleep(ASK_EVERY).await,
            answer => return answer,
        }
    }
}
