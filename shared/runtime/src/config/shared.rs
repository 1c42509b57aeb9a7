//! The sections that all services have, as types. What each key means is in `shared.default.toml`.

use std::time::Duration;

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    pub listen: String,
    pub max_connections: usize,
    pub header_timeout_ms: u64,
    pub max_header_bytes: usize,
    pub max_body_bytes: usize,
    pub max_bulk_body_bytes: usize,
    /// POST requests that are worked on at once.
    pub concurrent_writes: usize,
    pub body_timeout_ms: u64,
    pub request_timeout_ms: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedisConfig {
    pub url: String,
    pub prefix: String,
    pub partitions: u16,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    pub url: String,
    pub readers: u32,
    pub synchronous: Synchronous,
    pub busy_timeout_ms: u64,
    pub connect_timeout_ms: u64,
}

/// What a commit waits for on SQLite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Synchronous {
    /// The log is on the disk: survives a power cut.
    Full,
    /// The log is with the operating system: survives a crash of the process.
    Normal,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetryConfig {
    pub log: String,
    pub log_format: LogFormat,
    pub otlp_endpoint: String,
    pub otlp_protocol: OtlpProtocol,
    pub sample_ratio: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Auto,
    Human,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OtlpProtocol {
    Grpc,
    Http,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifecycleConfig {
    pub drain_timeout_ms: u64,
}

impl LifecycleConfig {
    pub const fn drain_timeout(&self) -> Duration {
        Duration::from_millis(self.drain_timeout_ms)
    }
}

/// The configured instance name, or the host's where none is configured.
pub fn instance_or_host_name(configured: &str) -> String {
    if configured.trim().is_empty() { crate::ids::instance_name() } else { configured.trim().to_owned() }
}
