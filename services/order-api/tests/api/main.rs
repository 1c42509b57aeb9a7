//! order-api as its clients and the streams see it: the real service on a real redis-server and a real SQLite file,
//! over real sockets. Each test has all of it for itself.
#![expect(clippy::unwrap_used, reason = "helpers of tests are outside test functions")]

mod batch;
mod cancel;
mod catalog;
mod dead_letters;
mod document;
mod feed;
mod follow;
mod heal;
mod hostile;
mod idempotency;
mod list;
mod live;
mod metrics;
mod overload;
mod place;
mod publish;
mod receiver;
mod refusals;
mod retry;
mod undo;
mod webhooks;
mod worker;
mod world;
