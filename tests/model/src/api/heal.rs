//! `heal/sweep.rs`, `heal/healer.rs`: orders without a message are put into the outbox again.

use super::Api;
use crate::{
    protocol::{Change, Protocol},
    redis::Redis,
    state::{Id, OrderNo},
};

/// A pass of the sweep that waits for its own events.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Heal {
    asked: Vec<(OrderNo, u8)>,
    pub(super) up_to: Id,
    /// It heals a loss that was noted before it began, and none was noted since.
    pub(super) clears: bool,
}

impl Api {
    pub(crate) fn heals(&self, protocol: &Protocol) -> bool {
        self.lost || !protocol.has(Change::NoSweep)
    }

    /// Which orders should have a message, and have none.
    fn absent(&self, redis: &Redis) -> Vec<(OrderNo, u8)> {
        let wanted = self.placed().filter(|(_, order)| order.wants_message());
        wanted
            .filter(|(number, _)| !redis.live.contains_key(number))
            .map(|(number, order)| (number, order.version))
            .collect()
    }

    /// Whether a pass begun now would come to something.
    pub(crate) fn may_ask(&self, redis: &Redis, protocol: &Protocol) -> bool {
        let lacks = || self.absent(redis).iter().any(|(number, _)| !self.waits(*number));
        self.heal.is_none() && (self.lost || !protocol.has(Change::NoSweep) && lacks())
    }

    pub(crate) fn ask(&mut self, redis: &Redis) {
        self.heal = Some(Heal { asked: self.absent(redis), up_to: redis.last_event, clears: self.lost });
    }

    pub(crate) fn may_put(&self, redis: &Redis, protocol: &Protocol) -> bool {
        let through = |heal: &Heal| {
            heal.asked.is_empty()
                || protocol.has(Change::NoWait)
                || redis.is_through(heal.up_to) != Some(false)
        };
        self.heal.as_ref().is_some_and(through)
    }

    /// Puts into the outbox again what is still without its end; or gives up, if the events that it waited for are gone.
    pub(crate) fn again(&mut self, redis: &Redis, protocol: &Protocol) {
        let Some(Heal { asked, up_to, clears }) = self.heal.take() else { return };
        if redis.is_through(up_to).is_none() && !asked.is_empty() {
            return;
        }
        let rows = self.outbox.len();
        for (number, version) in asked {
            let Some(order) = self.order(number).copied() else { continue };
            if order.version == version && order.wants_message() && !self.waits(number) {
                self.put(order.command(number));
            }
        }
        let found = self.outbox.len() > rows;
        if found {
            self.doubt(protocol);
        }
        // `healed` clears the loss by the time at which it was noted, and what was found notes it anew.
        self.lost &= found || !(clears || protocol.has(Change::LaterLossesAreHealed));
    }
}
