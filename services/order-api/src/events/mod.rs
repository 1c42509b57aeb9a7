//! Events: what the workers report, applied to the orders.
//!
//! Each batch is one transaction, acknowledged after its commit: a crash in between delivers it again, and versions
//! tell that it was applied. A row that two replicas work on is guarded by the same versions in the statement.

mod apply;
mod cancelled;
mod follower;
mod state;
mod update;

pub(crate) use apply::apply;
pub(crate) use cancelled::cancelled_event;
pub(crate) use follower::Follower;
