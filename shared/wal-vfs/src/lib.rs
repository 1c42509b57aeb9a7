//! A VFS for SQLite that writes what a transaction adds to the log at once.
//!
//! SQLite writes each page of a transaction to its write-ahead log by itself, in two calls to the system: a head of 24 bytes, then the
//! page. A transaction that takes in many orders changes dozens of pages, and with a disk that syncs fast those calls are a good part of
//! what it costs. Here they are gathered in memory and written by a call or two when SQLite syncs the log, which it does before it lets
//! anybody see the transaction.
//!
//! **Only for connections with `synchronous=FULL` and `cache_spill=OFF`.** Then SQLite writes to its log within a commit and at no other
//! time, and each commit ends with a sync. Without the first, others would look for pages in the log that are not there yet; without
//! the second, pages of a transaction that was taken back could be written over those of another connection's.
//!
//! A commit is as durable as it is without: it ends with the same sync of the same bytes. A write that fails shows at the sync, still
//! before the commit, and fails it as it would have before.
//!
//! Everything else is SQLite's own VFS. Files that are no log are not touched.

mod file;
mod gathered;
mod vfs;

pub use vfs::{Unavailable, register};
