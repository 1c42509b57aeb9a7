//! What the handlers work with.

use runtime::{clock::Clock, db::Database, lifecycle::Shutdown};
use streams::Redis;

use super::live::Streams;
use crate::{
    catalog::Catalog,
    intake::Intake,
    outbox::{Backlog, Marks},
    queue::Queue,
    waiting::Waiters,
    webhooks::Hooks,
};

pub(crate) struct State {
    pub(crate) clock: Clock,
    pub(crate) database: Database,
    pub(crate) redis: Redis,
    pub(crate) intake: Intake,
    pub(crate) catalog: Catalog,
    pub(crate) queue: Queue,
    pub(crate) backlog: Backlog,
    /// How far Redis was seen to be.
    pub(crate) marks: Marks,
    pub(crate) waiters: Waiters,
    pub(crate) hooks: Hooks,
    pub(crate) streams: Streams,
    pub(crate) shutdown: Shutdown,
}
