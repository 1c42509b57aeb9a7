//! Redis: the keys of one partition, and one function for each script of `shared/streams/scripts` that changes them.
//!
//! A group that is missing is the same as one at id 0, where `groups.rs` makes it again. Acknowledged entries are left out,
//! since nobody can be given them any more. `finished` is left out: a repeated `finish.lua` finds nothing to acknowledge,
//! and `finished` only tells it what the first answer was.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    api::{Mark, Row},
    protocol::{Change, Protocol},
    state::{Clock, Command, Event, Id, OrderNo, Task},
};

/// A value of the hash `live`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Live {
    Entry(Id),
    Delayed,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Redis {
    /// 0: there is none.
    pub(crate) epoch: u8,
    /// The server's run, where that is looked at.
    pub(crate) run: u8,
    /// Entries that are not acknowledged, oldest first: those up to `delivered` are pending.
    pub(crate) queue: Vec<(Id, Command)>,
    pub(crate) last_id: Id,
    pub(crate) delivered: Id,
    /// In order; the same command twice are two, for each has its time in it.
    pub(crate) delayed: Vec<Command>,
    pub(crate) live: BTreeMap<OrderNo, Live>,
    pub(crate) cancelled: BTreeSet<Id>,
    /// Producer to its last sequence number.
    pub(crate) published: BTreeMap<u8, u8>,
    /// Events that order-api has not acknowledged, oldest first.
    pub(crate) events: Vec<(Id, Event)>,
    pub(crate) last_event: Id,
}

/// What a finished message leaves behind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effects {
    pub(crate) event: Event,
    pub(crate) queue: Option<Command>,
    pub(crate) delay: Option<Command>,
}

impl Redis {
    /// Names the data set, as `publish.lua` does with nothing to publish.
    pub(crate) fn meet(&mut self, epoch: u8) -> Mark {
        self.epoch = epoch;
        self.mark(0)
    }

    /// What `publish.lua` compares; the error is what it finds instead.
    pub(crate) fn compare(&self, producer: u8, expected: Option<Mark>) -> Result<(), Mark> {
        let found = self.mark(producer);
        match expected {
            Some(mark)
                if found.epoch != mark.epoch
                    || found.run != mark.run
                    || found.last_id < mark.last_id
                    || found.last_seq < mark.last_seq =>
            {
                Err(found)
            }
            _ => Ok(()),
        }
    }

    /// `publish.lua` after the comparison, with one row. `new_epoch` names the data set if it has no name yet.
    pub(crate) fn publish(
        &mut self,
        row: Row,
        new_epoch: u8,
        clock: &mut Clock,
        protocol: &Protocol,
    ) -> Mark {
        let published = self.published.entry(row.producer).or_default();
        if row.seq > *published {
            *published = row.seq;
            if protocol.has(Change::NoLiveGuard) || !self.live.contains_key(&row.command.order) {
                self.add(row.command, clock);
            }
        }
        if self.epoch == 0 {
            self.epoch = new_epoch;
        }
        self.mark(row.producer)
    }

    fn mark(&self, producer: u8) -> Mark {
        let last_seq = self.published.get(&producer).copied().unwrap_or(0);
        Mark { epoch: self.epoch, run: self.run, last_id: self.last_id, last_seq }
    }

    fn add(&mut self, command: Command, clock: &mut Clock) {
        let id = clock.tick();
        self.last_id = id;
        self.queue.push((id, command));
        self.live.insert(command.order, Live::Entry(id));
    }

    fn report(&mut self, event: Event, clock: &mut Clock) {
        self.last_event = clock.tick();
        self.events.push((self.last_event, event));
    }

    pub(crate) fn pending(&self) -> impl Iterator<Item = (Id, Command)> {
        self.queue.iter().copied().filter(|(id, _)| *id <= self.delivered)
    }

    pub(crate) fn undelivered(&self) -> impl Iterator<Item = (Id, Command)> {
        self.queue.iter().copied().filter(|(id, _)| *id > self.delivered)
    }

    /// XREADGROUP of one new entry.
    pub(crate) fn deliver(&mut self) -> Option<(Id, Command)> {
        let next = self.undelivered().next()?;
        self.delivered = next.0;
        Some(next)
    }

    /// XACK.
    fn acknowledge(&mut self, entry: Id) -> bool {
        let before = self.queue.len();
        let delivered = self.delivered;
        self.queue.retain(|(id, _)| *id != entry || *id > delivered);
        self.queue.len() < before
    }

    /// `accept.lua`; whether the message is laid aside.
    pub(crate) fn accept(
        &mut self,
        entry: Id,
        order: OrderNo,
        event: Option<Event>,
        clock: &mut Clock,
        protocol: &Protocol,
    ) -> bool {
        let is_live = self.live.get(&order) == Some(&Live::Entry(entry));
        if !protocol.has(Change::NoQuestion) && self.cancelled.remove(&entry) {
            self.acknowledge(entry);
            if is_live {
                self.live.remove(&order);
            }
            return true;
        }
        if !is_live && !protocol.has(Change::AnyIsWorkedOn) {
            self.acknowledge(entry);
            return true;
        }
        if let Some(event) = event {
            self.report(event, clock);
        }
        false
    }

    /// `finish.lua`; whether the effects happened.
    pub(crate) fn finish(&mut self, entry: Id, effects: Effects, clock: &mut Clock, protocol: &Protocol) {
        let order = effects.event.order;
        let mut won = self.acknowledge(entry);
        let live = self.live.get(&order).copied();
        let owner = live == Some(Live::Entry(entry));
        if live.is_some() && !owner && !protocol.has(Change::NoLiveGuard) {
            won = false;
        }
        if !won && !protocol.has(Change::NoFence) {
            return;
        }
        self.report(effects.event, clock);
        if owner {
            self.live.remove(&order);
        }
        if let Some(command) = effects.queue {
            self.add(command, clock);
        }
        if let Some(command) = effects.delay {
            self.delayed.push(command);
            self.delayed.sort_unstable();
            self.live.insert(order, Live::Delayed);
        }
    }

    /// `promote.lua`.
    pub(crate) fn promote(&mut self, command: Command, clock: &mut Clock) {
        if let Some(position) = self.delayed.iter().position(|delayed| *delayed == command) {
            self.delayed.remove(position);
            self.add(command, clock);
        }
    }

    /// The entry that `cancel.lua` cancels, or has cancelled: the order's live message, if it is the one that is named, and no
    /// worker has been given it. `life`: of the command that the caller names.
    pub(crate) fn cancellable(&self, order: OrderNo, life: u8, any: bool) -> Option<Id> {
        let Some(Live::Entry(entry)) = self.live.get(&order) else { return None };
        let (id, command) = self.queue.iter().find(|(id, _)| id == entry)?;
        let named = any || command.task == Task::Process && command.version == life;
        (named && (*id > self.delivered || self.cancelled.contains(id))).then_some(*id)
    }

    /// `cancel.lua` for an order that is [cancellable](Self::cancellable).
    pub(crate) fn cancel(&mut self, entry: Id, event: Event, clock: &mut Clock) {
        if self.cancelled.insert(entry) {
            self.report(event, clock);
        }
    }

    /// It is another run of the server than the last one.
    pub(crate) fn restarted(&mut self, last_run: u8, protocol: &Protocol) {
        self.run = last_run + u8::from(protocol.has(Change::RestartsAreLosses));
    }

    /// What `progress.lua` tells of order-api's group: everything up to the event is acknowledged. `None`: the stream
    /// ends before it, for Redis has lost it.
    pub(crate) fn is_through(&self, event: Id) -> Option<bool> {
        (self.last_event >= event).then(|| self.events.first().is_none_or(|(id, _)| *id > event))
    }

    pub(crate) fn each_id(&mut self, visit: &mut impl FnMut(&mut Id)) {
        visit(&mut self.last_id);
        visit(&mut self.delivered);
        visit(&mut self.last_event);
        self.queue.iter_mut().for_each(|(id, _)| visit(id));
        self.events.iter_mut().for_each(|(id, _)| visit(id));
        for live in self.live.values_mut() {
            if let Live::Entry(id) = live {
                visit(id);
            }
        }
        if !self.cancelled.is_empty() {
            self.cancelled = std::mem::take(&mut self.cancelled)
                .into_iter()
                .map(|mut id| {
                    visit(&mut id);
                    id
                })
                .collect();
        }
    }
}
