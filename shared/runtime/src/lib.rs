//! What every service needs to run, written once: configuration, telemetry, lifecycle, the HTTP edge, the
//! database, metrics, and time. No rule about orders lives here.
//!
//! A service's `main` reads [`cli`], loads [`config`], starts [`telemetry`], builds its app, and hands it a
//! [`lifecycle::Shutdown`]. Everything that waits for something outside the process retries by
//! [`backoff`] and complains through [`outage`], so that an outage is three lines of log and no flood.

pub mod backoff;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
pub mod http;
pub mod ids;
pub mod lifecycle;
pub mod metrics;
pub mod outage;
pub mod redact;
pub mod service;
pub mod telemetry;
pub mod trace_context;

pub use service::Service;
