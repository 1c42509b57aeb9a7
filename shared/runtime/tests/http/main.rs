//! The HTTP edge over real sockets, as a client sees it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod edge;
mod hung_up;
mod server;
mod support;
mod tracing;
