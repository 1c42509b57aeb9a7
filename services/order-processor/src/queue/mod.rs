//! Taking orders from the queue, and keeping them while they are in hand.
//!
//! The first part of an order's way here. For each partition:
//! - the [`taker`](Taker) reads commands through the consumer group, no more than there are free [`slots`](Slots);
//! - the [`dispatcher`](Dispatcher) [accepts](accept) them and starts the work on those that are not laid aside;
//! - the [`heartbeat`] keeps what is in hand from being taken over, however long the work takes;
//! - the [`reclaimer`](ReclaimLoop) takes over what nobody kept alive;
//! - the [`promoter`](PromoteLoop) moves delayed commands that are due back to the queue;
//! - the [`janitor`](JanitorLoop) trims the streams, and removes consumers that are gone.
//!
//! Guarantee: what was taken is finished, or delivered again. A crash leaves it pending under this instance's name: the
//! instance reads its own pending entries first when it is back, and any other takes them over after
//! `processor.reclaim_idle_ms`.

mod accept;
mod delivery;
mod dispatch;
mod heartbeat;
mod janitor;
mod order;
mod prepare;
mod promote;
mod reclaim;
mod slots;
mod take;

pub(crate) use self::{
    dispatch::Dispatcher,
    heartbeat::keep_alive,
    janitor::JanitorLoop,
    order::{Compensation, Order},
    prepare::prepare,
    promote::PromoteLoop,
    reclaim::ReclaimLoop,
    slots::Slots,
    take::Taker,
};
