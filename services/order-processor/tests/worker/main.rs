//! The service as a whole, in this process, against a real redis-server and a real SQLite file; the step services are
//! real HTTP servers.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cancelled;
mod compensation;
mod crash;
mod drain;
mod http;
mod janitor;
mod late;
mod ledger;
mod lost_answers;
mod order_api;
mod orders;
mod outages;
mod processing;
mod proxy;
mod retries;
mod shop;
mod unreadable;
mod worker;
mod workers;
mod world;
