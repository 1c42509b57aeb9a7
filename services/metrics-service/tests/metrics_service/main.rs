//! metrics-service as a whole: the projection on real databases, and the service beside a real redis-server.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod dashboard;
mod document;
mod events;
mod losses;
mod order_api;
mod outages;
mod plans;
mod projection;
mod rebuild;
mod replicas;
mod service;
mod shop;
mod world;
