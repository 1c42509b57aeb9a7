//! order-api: its database, which survives everything, and what a crash makes it forget.
//!
//! | here | there |
//! |---|---|
//! | `Place`, [`Api::again`] | `intake/rows.rs`, `intake/again.rs`: order and row of the outbox in one transaction |
//! | `Publish`, `NoteLoss`, `Record` | `outbox/relay.rs`, `outbox/marks.rs`, `outbox/pending.rs` |
//! | `Apply`, `Follow` | `events/follower.rs`, `events/apply.rs`, `events/settle.rs`; acknowledged after the commits |
//! | `Cancel` | `http/decide.rs` |
//! | `Ask`, `Put`, `CancelAgain` | `heal/sweep.rs`, `heal/healer.rs` |
//!
//! A row is one publication; batches are several of them without anything in between.

mod follower;
mod heal;
mod relay;

use contract::{Status, command::FIRST_VERSION};

use self::heal::Heal;
pub(crate) use self::relay::Mark;
use crate::state::{Command, Id, OrderNo, Task};

const FIRST: u8 = FIRST_VERSION as u8;

/// A row of `orders`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Order {
    pub(crate) status: Status,
    pub(crate) version: u8,
    pub(crate) life: u8,
    pub(crate) attempts: u8,
    /// Something is to be undone, and nobody has reported that it was.
    pub(crate) compensating: bool,
    /// It was placed at or before the last loss that was noted: `lost_at`.
    pub(crate) doubted: bool,
    /// The first end that this life had here. Not in the database: for the properties.
    pub(crate) ended: Option<Status>,
}

/// A row of `outbox`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Row {
    pub(crate) producer: u8,
    pub(crate) seq: u8,
    pub(crate) command: Command,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Api {
    // The database.
    pub(crate) orders: Vec<Option<Order>>,
    pub(crate) outbox: Vec<Row>,
    stored: Option<Mark>,
    lost: bool,
    // The run.
    run: u8,
    given: u8,
    mark: Option<Mark>,
    /// Rows of the outbox, from the first on, that are published and not deleted yet.
    published: u8,
    heal: Option<Heal>,
}

impl Api {
    pub(crate) fn new(orders: usize) -> Self {
        Self {
            orders: vec![None; orders],
            outbox: Vec::new(),
            stored: None,
            lost: false,
            run: 0,
            given: 0,
            mark: None,
            published: 0,
            heal: None,
        }
    }

    /// Forgets what is not in the database. The new run is another producer.
    pub(crate) fn crash(&mut self) {
        self.run += 1;
        self.given = 0;
        self.mark = self.stored;
        self.published = 0;
        self.heal = None;
    }

    /// Accepts an order: order and row.
    pub(crate) fn place(&mut self, order: OrderNo) {
        let placed = Order {
            status: Status::Pending,
            version: FIRST,
            life: FIRST,
            attempts: 0,
            compensating: false,
            doubted: false,
            ended: None,
        };
        self.orders[usize::from(order)] = Some(placed);
        self.put(placed.command(order));
    }

    fn put(&mut self, command: Command) {
        self.given += 1;
        self.outbox.push(Row { producer: self.run, seq: self.given, command });
    }

    /// A row of the order waits to be published, as far as is known here, and is not of a version that it has left behind.
    fn waits(&self, number: OrderNo) -> bool {
        let Some(order) = self.order(number) else { return false };
        let waiting = |position: u8, row: &Row| {
            let known = row.producer == self.run && position < self.published;
            !known && row.command.order == number && row.command.version >= order.version
        };
        (0..).zip(&self.outbox).any(|(position, row)| waiting(position, row))
    }

    pub(crate) fn order(&self, order: OrderNo) -> Option<&Order> {
        self.orders[usize::from(order)].as_ref()
    }

    pub(crate) fn placed(&self) -> impl Iterator<Item = (OrderNo, &Order)> {
        (0..).zip(&self.orders).filter_map(|(number, order)| Some((number, order.as_ref()?)))
    }

    pub(crate) fn may_retry(&self, order: OrderNo) -> bool {
        let failed = |order: &Order| order.status == Status::Failed && !order.compensating;
        self.order(order).is_some_and(failed) && !self.waits(order)
    }

    pub(crate) fn retry(&mut self, number: OrderNo) {
        if let Some(order) = &mut self.orders[usize::from(number)] {
            order.status = Status::Pending;
            order.version += 1;
            order.life = order.version;
            order.attempts = 0;
            order.ended = None;
            let command = order.command(number);
            self.put(command);
        }
    }

    pub(crate) const fn run(&self) -> u8 {
        self.run
    }

    /// The numbers that one producer gave its rows.
    pub(crate) fn each_seq(&mut self, producer: u8, visit: &mut impl FnMut(&mut u8)) {
        self.outbox.iter_mut().filter(|row| row.producer == producer).for_each(|row| visit(&mut row.seq));
        if producer == self.run {
            visit(&mut self.given);
            self.mark.iter_mut().for_each(|mark| visit(&mut mark.last_seq));
        }
    }

    pub(crate) fn each_id(&mut self, visit: &mut impl FnMut(&mut Id)) {
        for mark in [&mut self.stored, &mut self.mark].into_iter().flatten() {
            visit(&mut mark.last_id);
        }
        if let Some(heal) = &mut self.heal {
            visit(&mut heal.up_to);
        }
    }
}

impl Order {
    /// It is unfinished, or something is to be undone.
    pub(crate) const fn wants_message(self) -> bool {
        !self.status.is_final() || self.compensating
    }

    /// The message that an order which wants one is given.
    const fn command(self, order: OrderNo) -> Command {
        let Self { version, life, attempts, .. } = self;
        let (attempt, task) = match self.status {
            Status::Pending if version == life => (1, Task::Process),
            Status::Pending => (attempts + 1, Task::Process),
            Status::Processing => (if attempts == 0 { 1 } else { attempts }, Task::Process),
            Status::Completed | Status::Failed | Status::Cancelled => (1, Task::Compensate { payment: true }),
        };
        Command { order, version, life, attempt, task }
    }
}
