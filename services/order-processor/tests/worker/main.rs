//! The service as a whole, in this process, against a real redis-server and a real SQLite file; the step services are
//! real HTTP servers.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod crash;
mod drain;
mod http;
mod ledger;
mod orders;
mod outages;
mod processing;
mod retries;
mod shop;
mod unreadable;
mod worker;
mod workers;
mod world;
