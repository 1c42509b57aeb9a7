//! Outbox: from a durable order to its messages in the streams.
//!
//! The row that says "publish this" is committed with the order, so neither can be without the other. The [`relay`]
//! publishes rows in the order of their numbers and deletes them afterwards. A crash in between publishes them a second
//! time, and the publish script adds nothing then.

mod fresh;
mod kind;
mod marks;
mod message;
mod pending;
mod relay;

pub(crate) use fresh::{Commits, Fresh};
pub(crate) use kind::Kind;
pub(crate) use marks::{Marks, healed, last_loss, losses, note_found};
pub(crate) use pending::{Backlog, Pending, other_producers};
pub(crate) use relay::{Relay, Shared};
