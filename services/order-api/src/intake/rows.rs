//! One transaction: the rows of the jobs that are new.

use std::sync::Arc;

use contract::Step;
use runtime::db::rows::Batch;
use uuid::Uuid;

use super::{
    insert,
    keys::Keys,
    numbering::Numbering,
    submission::{IntakeError, NewOrder, Once, Receipt, Submission},
};
use crate::{
    entities::order,
    outbox::{Kind, Pending},
    webhooks::Callback,
};

/// All rows of a transaction before they are written.
pub(super) struct Rows<'a> {
    orders: Vec<Arc<order::Model>>,
    /// What is to be published.
    outbox: Vec<Pending>,
    /// Each with the time of its first order.
    keys: Vec<(&'a Once, i64)>,
    /// Of the few orders that have one.
    callbacks: Vec<(Uuid, &'a Callback)>,
    numbers: &'a mut Numbering,
}

impl<'a> Rows<'a> {
    pub(super) const fn new(numbers: &'a mut Numbering) -> Self {
        Self { orders: Vec::new(), outbox: Vec::new(), keys: Vec::new(), callbacks: Vec::new(), numbers }
    }

    /// Adds a submission's rows, unless its key says that nothing is to be written.
    pub(super) fn add(
        &mut self,
        submission: &'a Submission,
        keys: &mut Keys,
    ) -> Result<Receipt, IntakeError> {
        if let Some(once) = &submission.once {
            if let Some(answer) = keys.claim(once) {
                return answer;
            }
            self.keys.push((once, submission.orders.first().map_or(0, |order| order.row.placed_at)));
        }
        for NewOrder { row, traceparent, callback } in &submission.orders {
            self.publish(row, Kind::Place, row.version, row.attempts + 1, None, traceparent.clone());
            self.orders.push(row.clone());
            self.callbacks.extend(callback.as_deref().map(|callback| (row.id, callback)));
        }
        Ok(Receipt::Stored)
    }

    /// How many orders are new.
    pub(super) const fn orders(&self) -> usize {
        self.orders.len()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.outbox.is_empty() && self.keys.is_empty()
    }

    /// Adds a row of the outbox.
    pub(super) fn publish(
        &mut self,
        order: &Arc<order::Model>,
        kind: Kind,
        version: i32,
        attempt: i32,
        steps: Option<&[Step]>,
        traceparent: Option<String>,
    ) {
        self.outbox.push(Pending {
            seq: self.numbers.next(),
            kind,
            version,
            attempt,
            steps: steps.map(|steps| serde_json::to_string(steps).expect("a list of names is JSON")),
            traceparent,
            order: order.clone(),
        });
    }

    /// The statements that insert all of it, and what is to be published once they are committed.
    pub(super) fn into_statements(mut self) -> (Batch, Vec<Pending>) {
        // Replicas that add the same keys do so in one order, or they would wait for each other.
        self.keys.sort_unstable_by(|(one, _), (other, _)| one.key.cmp(&other.key));
        let mut batch = Batch::default();
        // The keys first: they are what may be there already.
        insert::keys(&mut batch, &self.keys);
        insert::orders(&mut batch, &self.orders);
        insert::outbox(&mut batch, self.numbers.producer, &self.outbox);
        insert::callbacks(&mut batch, &self.callbacks);
        (batch, self.outbox)
    }
}
