//! Settings: built-in defaults, then a TOML file, then a `.env` file, then `ORDERFLOW_` environment
//! variables, each over the one before. The defaults hold every key with a comment: they are the reference
//! and the documentation. A key that nobody knows is refused, with its name and where it came from, because
//! a misspelt setting that is silently ignored is found only in production.
//!
//! A crash here is a refusal to start; nothing has been touched yet.

mod environment;
mod load;
mod sections;
mod shared;

pub use load::{ConfigError, load};
pub use sections::SECTIONS;
pub use shared::{
    DatabaseConfig, HttpConfig, LifecycleConfig, LogFormat, OtlpProtocol, RedisConfig, Synchronous,
    TelemetryConfig, instance_or_host_name,
};
