//! Healing: orders whose message Redis has lost are published again.
//!
//! At once, when the [relay](crate::outbox) finds Redis behind what it had (the [`Alarm`]); and slowly beneath that, for
//! whatever nobody saw being lost. The way is the same, in [`sweep`]: unfinished orders are asked for; those without a
//! message that stay unfinished after their own events were all applied are put into the outbox once more.
//!
//! Guarantee: at most one live message for an order (the publish script sees to it), and no order is left without one. A
//! crash in the middle is continued by the next start: a loss that was found stays noted in the database until it is healed.

mod healer;
mod sweep;

pub(crate) use healer::{Alarm, Healer};
pub(crate) use sweep::Sweeper;
