//! What a batch of events changes, or a page of order-api's records: computed here, without I/O, then written to the
//! database and to memory alike.

use std::collections::BTreeMap;

use contract::{EventData, OrderId, Status, Timestamp};
use streams::events::Delivered;

use super::{
    Applied, OrderRecord, Position,
    durations::{Kind, Sample},
    order::OrderState,
    rates::{Bucket, Flow},
};

/// The difference that one batch or page makes. Maps are sorted, so that all writers lock rows in the same order.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// When it was made; `None` if it changes nothing that anybody sees.
    pub(super) as_of: Option<Timestamp>,
    /// How far the events were read with it.
    pub(super) position: Option<Position>,
    /// The orders that changed, as they are now.
    pub(super) orders: BTreeMap<OrderId, OrderState>,
    /// How many more orders there are in each status of [`Status::ALL`].
    pub(super) counts: [i64; Status::ALL.len()],
    pub(super) samples: Vec<Sample>,
    pub(super) flows: BTreeMap<Bucket, Flow>,
    applied: Applied,
}

/// How an order was completed or failed.
struct End {
    status: Status,
    placed_at: Timestamp,
    /// When the attempt began that ended it, where that is known.
    started_at: Option<Timestamp>,
    at: Timestamp,
}

impl Change {
    /// What the batch makes of the orders, of which `known` are those that were seen before.
    pub(super) fn of(
        position: Position,
        mut known: BTreeMap<OrderId, OrderState>,
        batch: &[Delivered],
    ) -> Self {
        let mut change =
            Self { as_of: Some(position.projected_at), position: Some(position), ..Self::nothing() };
        for Delivered { event, .. } in batch {
            let id = event.order_id();
            let before = known.get(&id).copied();
            match OrderState::after(before.as_ref(), event) {
                Ok(after) => {
                    change.moves(id, before, after);
                    if let Some(end) = End::told_by(&event.data, event.envelope.time) {
                        change.ends(&end);
                    }
                    known.insert(id, after);
                    change.applied.applied.push(event.kind());
                }
                Err(reason) => {
                    tracing::debug!(order.id = %id, event.id = event.envelope.id, "ignored: {reason}");
                    change.applied.ignored.push(event.kind());
                }
            }
        }
        change
    }

    /// What the records make of the orders, of which `known` are those that were seen before.
    pub(super) fn corrected(
        now: Timestamp,
        mut known: BTreeMap<OrderId, OrderState>,
        records: &[OrderRecord],
    ) -> Self {
        let mut change = Self::nothing();
        for record in records {
            let before = known.get(&record.order_id).copied();
            let Some(after) = OrderState::corrected(before.as_ref(), record) else { continue };
            change.as_of = Some(now);
            change.moves(record.order_id, before, after);
            let measured_before = before.and_then(|order| order.measured_version);
            if let Some(at) = record.end().filter(|_| after.measured_version != measured_before) {
                let OrderRecord { status, placed_at, started_at, .. } = *record;
                change.ends(&End { status, placed_at, started_at, at });
            }
            known.insert(record.order_id, after);
        }
        change
    }

    pub(super) fn into_applied(self) -> Applied {
        self.applied
    }

    fn nothing() -> Self {
        Self {
            as_of: None,
            position: None,
            orders: BTreeMap::new(),
            counts: [0; Status::ALL.len()],
            samples: Vec::new(),
            flows: BTreeMap::new(),
            applied: Applied::default(),
        }
    }

    fn moves(&mut self, id: OrderId, before: Option<OrderState>, after: OrderState) {
        match before {
            Some(before) => self.counts[before.status as usize] -= 1,
            None => self.flow(after.placed_at).accepted += 1,
        }
        self.counts[after.status as usize] += 1;

        let started_before = before.and_then(|order| order.first_started_at);
        if let (None, Some(started_at)) = (started_before, after.first_started_at) {
            self.sample(Kind::Waiting, started_at, after.placed_at);
        }
        self.orders.insert(id, after);
    }

    fn ends(&mut self, end: &End) {
        let flow = self.flow(end.at);
        let processing = if end.status == Status::Completed {
            flow.completed += 1;
            Kind::ProcessingCompleted
        } else {
            flow.failed += 1;
            Kind::ProcessingFailed
        };
        if let Some(started_at) = end.started_at {
            self.sample(processing, end.at, started_at);
        }
        self.sample(Kind::EndToEnd, end.at, end.placed_at);
    }

    fn sample(&mut self, kind: Kind, until: Timestamp, from: Timestamp) {
        self.samples.push(Sample::new(kind, until.since(from)));
    }

    fn flow(&mut self, at: Timestamp) -> &mut Flow {
        self.flows.entry(Bucket::of(at)).or_default()
    }
}

impl End {
    fn told_by(data: &EventData, at: Timestamp) -> Option<Self> {
        let (status, placed_at, started_at) = match data {
            EventData::Completed(data) => (Status::Completed, data.placed_at, data.started_at),
            EventData::Failed(data) => (Status::Failed, data.placed_at, data.started_at),
            _ => return None,
        };
        Some(Self { status, placed_at, started_at: Some(started_at), at })
    }
}
