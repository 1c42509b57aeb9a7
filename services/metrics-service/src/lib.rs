//! metrics-service: projects the stream of events into numbers and serves them.
//!
//! ```text
//! events ─▶ projector ─▶ projection ──one transaction: orders, counts, durations, rates, position──▶ database
//!            (ack after)     │ the same change, in memory
//!                            ├─▶ http: GET /stats
//!                            ├─▶ dashboard: GET /
//!                            └─▶ snapshot: Redis, for order-api's GET /orders/metrics
//! ```
//!
//! Where Redis has lost events (`loss`), every order is read from order-api, and the numbers are corrected (`rebuild`).
//!
//! Each event counts once, however often it is delivered: versions tell ([`projection`]). A crash at any point costs
//! nothing but a redelivery. Nothing here is needed for an order to be accepted or processed.

mod app;
mod config;
mod dashboard;
pub mod entities;
pub mod http;
mod loss;
mod migrations;
mod order_api;
pub mod projection;
mod projector;
mod rebuild;
mod snapshot;
mod telemetry;
mod upkeep;

pub use app::App;
pub use config::{Config, DashboardConfig, ProjectionConfig};
pub use dashboard::AdminKey;
pub use migrations::Migrations;
