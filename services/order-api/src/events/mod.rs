//! Events: what the workers report, applied to the orders.
//!
//! Each batch is one transaction, acknowledged after its commit: a crash in between delivers it again, and versions
//! tell that it was applied. Replicas lock the rows that they work on.
//!
//! What failed for good is undone from here, and not by whoever reports the failure: a Redis that loses its last moments may
//! have an order fail that was completed before. The database knows how it ended, and only an end that it accepts is undone.

mod apply;
mod cancelled;
mod follower;
mod settle;
mod state;
mod update;

pub(crate) use apply::{Told, apply};
pub(crate) use cancelled::cancelled_event;
pub(crate) use follower::Follower;
pub(crate) use settle::settle;
