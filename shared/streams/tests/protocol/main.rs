//! The protocol against a real redis-server. Each test has a server of its own; a missing one fails, never skips.
#![expect(clippy::unwrap_used, reason = "helpers of tests are outside test functions")]

mod connection;
mod consume;
mod delayed;
mod events;
mod finish;
mod lag;
mod publish;
mod reclaim;
mod server;
mod status;
mod trim;
mod world;
