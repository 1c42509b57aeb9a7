//! The world: everything that the protocol and its faults can change, and nothing else.
//!
//! Stream ids and the numbers of rows only ever are compared, so after each step they are numbered anew from 0, in the same
//! order: worlds that differ in how often something was tried are one state. Workers have no names, for the protocol asks for none.

use contract::EventKind;

use crate::{api::Api, faults::Faults, outside::Outside, redis::Redis, worker::Hand};

/// An order, as an index.
pub type OrderNo = u8;

/// The id of a stream entry. Redis makes them of its clock: a new one is above all that any part of the world has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(u8);

/// `contract::Command`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Command {
    pub(crate) order: OrderNo,
    pub(crate) version: u8,
    pub(crate) life: u8,
    pub(crate) attempt: u8,
    pub(crate) task: Task,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Task {
    Process,
    /// `payment`: it is among the steps to undo.
    Compensate {
        payment: bool,
    },
}

/// The steps that `order.failed` lists, to be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Undo {
    BeforePayment,
    WithPayment,
}

/// `contract::Event`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Event {
    pub(crate) order: OrderNo,
    pub(crate) kind: EventKind,
    pub(crate) version: u8,
    pub(crate) attempt: u8,
    pub(crate) undo: Option<Undo>,
}

/// One state of everything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    pub(crate) redis: Redis,
    /// What a Redis that loses its last moments comes back with.
    pub(crate) synced: Option<Box<Redis>>,
    /// Data sets that there were so far: each has a name of its own.
    pub(crate) epochs: u8,
    pub(crate) api: Api,
    /// What each worker holds.
    pub(crate) hands: [Option<Hand>; 2],
    pub(crate) outside: Vec<Outside>,
    /// Faults that may still happen.
    pub(crate) left: Faults,
}

/// Gives out ids in one step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Id);

impl Clock {
    /// Above every id of a world that is numbered anew.
    const START: Id = Id(63);

    pub(crate) const fn new() -> Self {
        Self(Self::START)
    }

    pub(crate) const fn tick(&mut self) -> Id {
        self.0.0 += 1;
        self.0
    }
}

impl World {
    /// Numbers ids and rows anew, and puts the workers in order.
    pub(crate) fn normalize(&mut self) {
        let mut used = 1_u128;
        self.each_id(&mut |id| used |= 1 << id.0);
        self.each_id(&mut |id| id.0 = (used & ((1 << id.0) - 1)).count_ones() as u8);
        for producer in 0..=self.api.run() {
            let mut used = 1_u128;
            self.each_seq(producer, &mut |seq| used |= 1 << *seq);
            self.each_seq(producer, &mut |seq| *seq = (used & ((1 << *seq) - 1)).count_ones() as u8);
        }
        self.hands.sort_unstable();
    }

    fn each_seq(&mut self, producer: u8, visit: &mut impl FnMut(&mut u8)) {
        for redis in [Some(&mut self.redis), self.synced.as_deref_mut()].into_iter().flatten() {
            redis.published.get_mut(&producer).into_iter().for_each(&mut *visit);
        }
        self.api.each_seq(producer, visit);
    }

    fn each_id(&mut self, visit: &mut impl FnMut(&mut Id)) {
        self.redis.each_id(visit);
        if let Some(synced) = &mut self.synced {
            synced.each_id(visit);
        }
        self.api.each_id(visit);
        for hand in self.hands.iter_mut().flatten() {
            visit(&mut hand.entry);
        }
    }
}
