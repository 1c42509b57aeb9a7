//! What the database and Redis can do alone on this machine, through the same libraries.

mod redis;
mod sqlite;

pub(crate) use self::{redis::streams, sqlite::group_commit};
