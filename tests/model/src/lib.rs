//! The delivery protocol as a model, every state of which is visited: what holds here holds for every order in which the
//! steps of order-api, Redis and the workers can follow one another, and for every moment at which one of them fails.
//!
//! | file | is |
//! |---|---|
//! | `api` | order-api: outbox, relay, follower, healing; its database survives everything |
//! | `redis.rs` | the keys of a partition; one function for each script that changes them |
//! | `worker.rs` | order-processor: what a worker does with a message, and what it decides |
//! | `outside.rs` | the payment service behind the pipeline |
//! | [`Action`] | one step of one of them (`steps.rs`), of a person, or a fault (`faults.rs`); `act.rs` does it |
//! | [`Faults`] | how often things may go wrong in one run |
//! | [`properties`] | what must be so |
//! | [`Change`] | a guard that is taken away, or one that is not built yet |
//! | [`comes_to_rest`] | that nothing goes round in circles |
//!
//! # What is left out
//!
//! - Batches: each call carries one message, which allows more orders of events than a batch does.
//! - Time: whatever waits for a time may happen at once, or never while others act. A message may be taken over at any
//!   moment, and a worker may stall for as long as it likes.
//! - Loss: Redis is written to disk at one moment that the checker chooses, and comes back as it was then. So every suffix
//!   is lost once, with no need to remember all that came before.
//! - The ledger, dead letters, trimming, several partitions and replicas. A compensation succeeds when it is tried.
//!
//! A change of the protocol is a change here: the scripts and files that a function models are named where it stands.

mod act;
mod api;
mod check;
mod faults;
mod outside;
pub mod properties;
mod protocol;
mod redis;
mod rest;
mod state;
mod steps;
mod worker;

pub use check::{Action, Check};
pub use faults::Faults;
pub use outside::Nature;
pub use protocol::{Change, Protocol};
pub use rest::{Rest, comes_to_rest};
pub use state::{Id, OrderNo, World};
pub use worker::Answer;
