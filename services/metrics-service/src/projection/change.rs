//! What a batch of events changes: computed here, without I/O, then written to the database and to memory alike.

use std::collections::BTreeMap;

use contract::{Event, EventData, OrderId, Status, Timestamp};
use streams::events::Delivered;

use super::{
    Applied, Position,
    durations::{Kind, Sample},
    order::OrderState,
    rates::{Bucket, Flow},
};

/// The difference that one batch makes. Maps are sorted, so that all writers lock rows in the same order.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) position: Position,
    /// The orders that changed, as they are now.
    pub(super) orders: BTreeMap<OrderId, OrderState>,
    /// How many more orders there are in each status of [`Status::ALL`].
    pub(super) counts: [i64; Status::ALL.len()],
    pub(super) samples: Vec<Sample>,
    pub(super) flows: BTreeMap<Bucket, Flow>,
    applied: Applied,
}

impl Change {
    /// What the batch makes of the orders, of which `known` are those that were seen before.
    pub(super) fn of(
        position: Position,
        mut known: BTreeMap<OrderId, OrderState>,
        batch: &[Delivered],
    ) -> Self {
        let mut change = Self {
            position,
            orders: BTreeMap::new(),
            counts: [0; Status::ALL.len()],
            samples: Vec::new(),
            flows: BTreeMap::new(),
            applied: Applied::default(),
        };
        for Delivered { event, .. } in batch {
            let before = known.get(&event.order_id()).copied();
            match OrderState::after(before.as_ref(), event) {
                Ok(after) => {
                    change.note(before, after, event);
                    known.insert(event.order_id(), after);
                    change.orders.insert(event.order_id(), after);
                    change.applied.applied.push(event.kind());
                }
                Err(reason) => {
                    tracing::debug!(order.id = %event.order_id(), event.id = event.envelope.id, "ignored: {reason}");
                    change.applied.ignored.push(event.kind());
                }
            }
        }
        change
    }

    pub(super) fn into_applied(self) -> Applied {
        self.applied
    }

    fn note(&mut self, before: Option<OrderState>, after: OrderState, event: &Event) {
        match before {
            Some(before) => self.counts[before.status as usize] -= 1,
            None => self.flow(after.placed_at).accepted += 1,
        }
        self.counts[after.status as usize] += 1;

        let started_before = before.and_then(|order| order.first_started_at);
        if let (None, Some(started_at)) = (started_before, after.first_started_at) {
            self.sample(Kind::Waiting, started_at, after.placed_at);
        }
        let ended_at = event.envelope.time;
        match &event.data {
            EventData::Completed(data) => {
                self.sample(Kind::ProcessingCompleted, ended_at, data.started_at);
                self.sample(Kind::EndToEnd, ended_at, data.placed_at);
                self.flow(ended_at).completed += 1;
            }
            EventData::Failed(data) => {
                self.sample(Kind::ProcessingFailed, ended_at, data.started_at);
                self.sample(Kind::EndToEnd, ended_at, data.placed_at);
                self.flow(ended_at).failed += 1;
            }
            _ => {}
        }
    }

    fn sample(&mut self, kind: Kind, until: Timestamp, from: Timestamp) {
        self.samples.push(Sample::new(kind, until.since(from)));
    }

    fn flow(&mut self, at: Timestamp) -> &mut Flow {
        self.flows.entry(Bucket::of(at)).or_default()
    }
}
