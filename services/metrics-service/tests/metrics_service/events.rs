//! Histories of orders, as order-api and order-processor would write them.

use std::time::Duration;

use contract::{
    Event, EventData, EventKind, OrderId, Status, Timestamp,
    event::{
        OrderCancelled, OrderCompensated, OrderCompleted, OrderFailed, OrderPlaced, OrderProcessing,
        OrderRetrying,
    },
    samples,
};
use metrics_service::projection::OrderRecord;
use streams::{Delivered, EntryId};
use uuid::Uuid;

/// 2025-11-24T16:00:00Z
pub(crate) const START: Timestamp = Timestamp::from_micros(1_764_000_000_000_000);

pub(crate) fn order(number: u128) -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(0x019a_1b2c_3d4e_7f50_8a6b_0000_0000_0000 + number))
}

/// One order as it goes on, event by event.
#[derive(Clone, Debug)]
pub(crate) struct History {
    id: OrderId,
    status: Option<Status>,
    version: u32,
    attempt: u32,
    now: Timestamp,
    placed_at: Timestamp,
    started_at: Timestamp,
    ended_at: Timestamp,
    compensated: bool,
}

impl History {
    pub(crate) fn new(number: u128) -> Self {
        let (id, now) = (order(number), START);
        Self {
            id,
            status: None,
            version: 0,
            attempt: 0,
            now,
            placed_at: now,
            started_at: now,
            ended_at: now,
            compensated: false,
        }
    }

    /// The kinds of event that may come next.
    pub(crate) fn possible(&self) -> Vec<EventKind> {
        let Some(status) = self.status else { return vec![EventKind::Placed] };
        let possible = |kind: &EventKind| match (status, kind) {
            // Nobody places an order twice, and no worker reports what it did not take.
            (Status::Pending, kind) => matches!(kind, EventKind::Processing | EventKind::Cancelled),
            (Status::Processing, EventKind::Processing) => false,
            // What was undone is not undone again.
            (_, EventKind::Compensated) if self.compensated => false,
            (status, kind) => status.apply(*kind).is_ok(),
        };
        EventKind::ALL.into_iter().filter(possible).collect()
    }

    /// What happens next, this long after the last event.
    pub(crate) fn next(&mut self, kind: EventKind, after: Duration) -> Event {
        self.now = self.now + after;
        self.version += 1;
        let before = self.status.unwrap_or(Status::Pending);
        self.status = Some(before.apply(kind).expect("a valid history"));
        self.compensated = kind == EventKind::Compensated;
        if kind == EventKind::Placed {
            self.attempt = 0;
            self.placed_at = if self.version == 1 { self.now } else { self.placed_at };
        }
        if kind == EventKind::Processing {
            self.attempt += 1;
            self.started_at = self.now;
        }
        if matches!(kind, EventKind::Completed | EventKind::Failed | EventKind::Cancelled) {
            self.ended_at = self.now;
        }
        Event::new("/test", self.id, self.now, None, self.data(kind))
    }

    /// What order-api says of it, once it was placed.
    pub(crate) fn record(&self) -> OrderRecord {
        let status = self.status.expect("it was placed");
        OrderRecord {
            order_id: self.id,
            status,
            version: self.version,
            placed_at: self.placed_at,
            started_at: (self.attempt > 0).then_some(self.started_at),
            finished_at: status.is_final().then_some(self.ended_at),
            attempts: self.attempt,
        }
    }

    pub(crate) fn status(&self) -> Option<Status> {
        self.status
    }

    fn data(&self, kind: EventKind) -> EventData {
        let Self { version, attempt, placed_at, started_at, now, .. } = *self;
        let (worker, steps) = ("worker-1".to_owned(), Vec::new());
        let reason = contract::FailureReason { code: "refused".to_owned(), message: "no".to_owned() };
        match kind {
            EventKind::Placed => {
                let EventData::Placed(data) = samples::events().remove(0).data else { unreachable!() };
                EventData::Placed(OrderPlaced { version, ..data })
            }
            EventKind::Processing => EventData::Processing(OrderProcessing {
                version,
                attempt,
                worker,
                placed_at,
                published_at: None,
                trace_id: None,
            }),
            EventKind::Completed => EventData::Completed(OrderCompleted {
                version,
                attempt,
                worker,
                placed_at,
                started_at,
                steps,
            }),
            EventKind::Failed => EventData::Failed(OrderFailed {
                version,
                attempt,
                worker,
                placed_at,
                started_at,
                reason,
                steps,
                compensating: Vec::new(),
            }),
            EventKind::Retrying => EventData::Retrying(OrderRetrying {
                version,
                attempt,
                worker,
                placed_at,
                due_at: now,
                reason,
                steps,
            }),
            EventKind::Cancelled => EventData::Cancelled(OrderCancelled { version, placed_at }),
            EventKind::Compensated => {
                EventData::Compensated(OrderCompensated { version, worker, placed_at, steps })
            }
        }
    }
}

/// Placed, processed and completed, a second each.
pub(crate) fn completed(number: u128) -> Vec<Event> {
    let mut history = History::new(number);
    [EventKind::Placed, EventKind::Processing, EventKind::Completed]
        .map(|kind| history.next(kind, Duration::from_secs(1)))
        .into()
}

/// The events as entries of a stream, the first with this number.
pub(crate) fn delivered(first: u64, events: impl IntoIterator<Item = Event>) -> Vec<Delivered> {
    let entry = |(number, event): (u64, Event)| {
        let json = event.data.to_json();
        Delivered { id: EntryId::new(number, 0), event, json, redelivered: false }
    };
    (first..).zip(events).map(entry).collect()
}
