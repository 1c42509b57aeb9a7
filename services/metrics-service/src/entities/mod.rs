//! The tables, as types. What the columns mean beyond their names is said here; the schema is in `migrations`.

pub mod duration;
pub mod duration_bucket;
pub mod position;
pub mod projected_order;
pub mod rate_bucket;
pub mod rebuild;
pub mod sample;
pub mod status_count;
