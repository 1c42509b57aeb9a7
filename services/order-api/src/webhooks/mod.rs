//! Webhooks: whoever placed an order is told how it ended.
//!
//! An order may name a [`Callback`]; one may be configured for all. The transaction that applies an order's event writes a row for
//! its delivery ([`Hooks`]), so that one can't be without the other. The [`Courier`] sends what is due and tries again what was
//! not taken, signed by the convention of Standard Webhooks. A row that is being sent is leased by its due time: a crash in
//! the middle, or a lost answer, has it sent again, with the same `webhook-id`. Delivery is at least once.
//!
//! Where it is sent is a stranger's choice, so [`address`] decides for the address that is connected to, not for its name.

mod address;
mod callback;
mod config;
mod courier;
mod hooks;
mod message;
mod retry;
mod sender;
mod signature;
mod store;

pub(crate) use callback::Callback;
pub use config::{Secret, WebhooksConfig};
pub(crate) use courier::Courier;
pub(crate) use hooks::Hooks;
pub(crate) use message::id;
pub(crate) use store::{delete_finished, of_order};
