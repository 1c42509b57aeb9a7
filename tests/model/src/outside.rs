//! The other side of `order-processor`'s pipeline: a payment service, and a later step that may refuse.
//!
//! It knows a payment by its key, order and life, and answers a repeat alike. An undo closes the key: a call that comes
//! after it, from a worker that was stalled, takes nothing any more.

use std::collections::BTreeMap;

use crate::protocol::{Change, Protocol};

/// How the other side answers for an order, whenever it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Nature {
    Accepted,
    PaymentRefused,
    /// The payment is taken, and a later step refuses.
    RefusedLater,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Payment {
    #[default]
    None,
    Taken,
    /// Taken, and given back.
    Refunded,
    /// Undone before anything was taken.
    Closed,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Outside {
    pub(crate) nature: Nature,
    /// By the life of the order.
    pub(crate) payments: BTreeMap<u8, Payment>,
}

impl Outside {
    pub(crate) const fn new(nature: Nature) -> Self {
        Self { nature, payments: BTreeMap::new() }
    }

    pub(crate) fn payment(&self, life: u8) -> Payment {
        self.payments.get(&life).copied().unwrap_or_default()
    }

    /// Takes the payment; whether it is accepted.
    pub(crate) fn pay(&mut self, life: u8, protocol: &Protocol) -> bool {
        if self.nature == Nature::PaymentRefused {
            return false;
        }
        let payment = self.payments.entry(life).or_default();
        match *payment {
            Payment::None => *payment = Payment::Taken,
            Payment::Taken => {}
            Payment::Refunded => return protocol.has(Change::KeysStayOpen),
            Payment::Closed => return false,
        }
        true
    }

    /// Gives the payment back, if there is one.
    pub(crate) fn undo(&mut self, life: u8, protocol: &Protocol) {
        let payment = self.payments.entry(life).or_default();
        match *payment {
            Payment::None if !protocol.has(Change::KeysStayOpen) => *payment = Payment::Closed,
            Payment::Taken => *payment = Payment::Refunded,
            Payment::None | Payment::Refunded | Payment::Closed => {}
        }
    }
}
