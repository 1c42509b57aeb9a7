//! The protocol against a real redis-server. Each test has a server of its own; a missing one fails, never skips.
#![expect(clippy::unwrap_used, reason = "helpers of tests are outside test functions")]

mod cancel;
mod connection;
mod consume;
mod dead;
mod delayed;
mod events;
mod finish;
mod lag;
mod loss;
mod progress;
mod publish;
mod reclaim;
mod retire;
mod server;
mod status;
mod trim;
mod world;
