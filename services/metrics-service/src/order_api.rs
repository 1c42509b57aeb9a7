//! How order-api is asked over HTTP: by `rebuild` for its records, by the dashboard for what a person looks up.

use std::time::Duration;

use anyhow::Context as _;
use reqwest::{Client, redirect};

/// A client that follows nobody elsewhere, and gives up after this long.
///
/// # Errors
/// When the machine has no certificates to trust.
pub(crate) fn client(timeout: Duration) -> anyhow::Result<Client> {
    // Fails when it is installed already, which is what we want.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .timeout(timeout)
        .tcp_nodelay(true)
        .user_agent(concat!("metrics-service/", env!("CARGO_PKG_VERSION")))
        .build()
        .context("can't make an HTTP client")
}
