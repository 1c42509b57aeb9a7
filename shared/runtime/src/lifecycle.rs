//! How a service stops. Two stages: **draining** (take nothing new, finish what is in hand) and **aborting**
//! (the deadline has passed or a second signal came: drop everything now). Whatever is dropped is found again
//! by the next start, because nothing is acknowledged before it is durable.
//!
//! The order, as every service's `run` follows it:
//! 1. SIGTERM or SIGINT (or a long task that failed) starts draining; `/readyz` answers 503.
//! 2. The HTTP server stops accepting, closes idle connections and finishes requests in flight; consumers
//!    stop reading and finish the messages in hand.
//! 3. Tasks end: the writer last, since the others wait for its answers.
//! 4. The database checkpoints and closes; then telemetry is flushed, so that the shutdown itself is seen.
//!
//! A crash here (or `kill -9`) skips all of it, and costs only the time to be reclaimed.

mod shutdown;
mod tasks;

pub use shutdown::Shutdown;
pub use tasks::{TaskFailed, Tasks};
pub(crate) use tasks::{chain, panic_message};
