//! How the client library is set up. Its defaults wait for ever, on half-open sockets too, and send what was in
//! flight again.

use std::time::Duration;

use fred::types::{
    Builder,
    config::{Config, Options, ReconnectPolicy, TcpConfig},
};

use super::COMMAND_TIMEOUT;
use crate::error::StreamError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// First and longest delay between two attempts to connect, and the jitter on each, in milliseconds.
const RECONNECT_MS: (u32, u32, u32) = (50, 1_000, 100);
/// A connection that owes an answer for this long is closed and made anew. Blocked readers replace their own.
pub(super) const UNRESPONSIVE: Duration = Duration::from_secs(6);

pub(super) fn builder(url: &str) -> Result<Builder, StreamError> {
    let mut config = Config::from_url(url).map_err(|error| StreamError::Url(error.details().to_owned()))?;
    // Redis may come up after us.
    config.fail_fast = false;
    let (first, longest, jitter) = RECONNECT_MS;
    let mut policy = ReconnectPolicy::new_exponential(0, first, longest, 2);
    policy.set_jitter(jitter);
    let mut builder = Builder::from_config(config);
    builder.set_policy(policy).with_performance_config(|performance| {
        performance.default_command_timeout = COMMAND_TIMEOUT;
    });
    builder.with_connection_config(|connection| {
        connection.connection_timeout = CONNECT_TIMEOUT;
        connection.internal_command_timeout = CONNECT_TIMEOUT;
        connection.max_command_attempts = 1;
        connection.reconnect_on_auth_error = true;
        connection.tcp = TcpConfig { nodelay: Some(true), ..TcpConfig::default() };
    });
    Ok(builder)
}

/// Sent once, answered within `timeout`, failing at once while there is no connection.
pub(super) fn once_within(timeout: Duration) -> Options {
    Options { max_attempts: Some(1), fail_fast: true, timeout: Some(timeout), ..Options::default() }
}
