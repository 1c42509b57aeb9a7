//! One transaction: which of the jobs are new, and the rows of those that are.

use std::collections::HashMap;

use bytes::Bytes;
use contract::Step;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, Iterable,
    QueryFilter,
};

use super::{
    numbering::Numbering,
    submission::{IntakeError, NewOrder, Once, Receipt, Submission},
};
use crate::{
    entities::{idempotency_key, order, outbox},
    outbox::{Kind, Pending},
};

/// SQLite takes 32,766 bind variables in one statement; PostgreSQL twice that.
const MOST_VARIABLES: usize = 32_000;

type Answer = Result<Receipt, IntakeError>;

/// All rows of a transaction before they are written.
pub(super) struct Rows<'a> {
    pub(super) orders: Vec<order::ActiveModel>,
    /// What is to be published, with its orders.
    outbox: Vec<Pending>,
    keys: Vec<idempotency_key::ActiveModel>,
    numbers: &'a mut Numbering,
}

/// What the keys of a transaction stand for: those in the database and those that are added.
pub(super) struct Keys(HashMap<String, Used>);

struct Used {
    fingerprint: Vec<u8>,
    answer: Bytes,
}

impl Keys {
    /// Looks up the keys of all submissions, in the transaction that will add the new ones.
    pub(super) async fn load<'a>(
        transaction: &DatabaseTransaction,
        submissions: impl Iterator<Item = &'a Submission>,
    ) -> Result<Self, DbErr> {
        let asked: Vec<&str> =
            submissions.filter_map(|submission| Some(submission.once.as_ref()?.key.as_str())).collect();
        if asked.is_empty() {
            return Ok(Self(HashMap::new()));
        }
        let found = idempotency_key::Entity::find()
            .filter(idempotency_key::Column::Key.is_in(asked))
            .all(transaction)
            .await?;
        let used = |row: idempotency_key::Model| {
            (row.key, Used { fingerprint: row.fingerprint, answer: row.answer.into() })
        };
        Ok(Self(found.into_iter().map(used).collect()))
    }

    /// What an earlier request with the key means for this one; `None`: it is the first, and remembered.
    fn claim(&mut self, once: &Once) -> Option<Answer> {
        match self.0.get(&once.key) {
            Some(used) if used.fingerprint == once.fingerprint => {
                Some(Ok(Receipt::Replayed(used.answer.clone())))
            }
            Some(_) => Some(Err(IntakeError::KeyReused)),
            None => {
                let used = Used { fingerprint: once.fingerprint.to_vec(), answer: once.answer.clone() };
                self.0.insert(once.key.clone(), used);
                None
            }
        }
    }
}

impl<'a> Rows<'a> {
    pub(super) const fn new(numbers: &'a mut Numbering) -> Self {
        Self { orders: Vec::new(), outbox: Vec::new(), keys: Vec::new(), numbers }
    }

    /// Adds a submission's rows, unless its key says that nothing is to be written.
    pub(super) fn add(&mut self, submission: &Submission, keys: &mut Keys) -> Answer {
        if let Some(once) = &submission.once {
            if let Some(answer) = keys.claim(once) {
                return answer;
            }
            self.keys.push(key_row(once, submission).into_active_model());
        }
        for NewOrder { row, traceparent } in &submission.orders {
            self.publish(row, Kind::Place, row.version, row.attempts + 1, None, traceparent.clone());
            self.orders.push(row.clone().into_active_model());
        }
        Ok(Receipt::Stored)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.outbox.is_empty() && self.keys.is_empty()
    }

    /// Adds a row of the outbox.
    pub(super) fn publish(
        &mut self,
        order: &order::Model,
        kind: Kind,
        version: i32,
        attempt: i32,
        steps: Option<&[Step]>,
        traceparent: Option<String>,
    ) {
        let row = outbox::Model {
            producer: self.numbers.producer,
            seq: self.numbers.next(),
            order_id: order.id,
            kind: kind.as_str().to_owned(),
            version,
            attempt,
            steps: steps.map(|steps| serde_json::to_string(steps).expect("a list of names is JSON")),
            traceparent,
        };
        self.outbox.push((row, order.clone()));
    }

    /// Inserts all of it; what is to be published once it is committed.
    pub(super) async fn insert(mut self, transaction: &DatabaseTransaction) -> Result<Vec<Pending>, DbErr> {
        // Replicas that add the same keys do so in one order, or they would wait for each other.
        self.keys.sort_unstable_by(|one, other| one.key.as_ref().cmp(other.key.as_ref()));
        insert_all::<order::Entity, _>(transaction, self.orders).await?;
        let outbox = self.outbox.iter().map(|(row, _)| row.clone().into_active_model()).collect();
        insert_all::<outbox::Entity, _>(transaction, outbox).await?;
        insert_all::<idempotency_key::Entity, _>(transaction, self.keys).await?;
        Ok(self.outbox)
    }
}

fn key_row(once: &Once, submission: &Submission) -> idempotency_key::Model {
    idempotency_key::Model {
        key: once.key.clone(),
        fingerprint: once.fingerprint.to_vec(),
        answer: once.answer.to_vec(),
        created_at: submission.orders.first().map_or(0, |order| order.row.placed_at),
    }
}

async fn insert_all<E, A>(transaction: &impl ConnectionTrait, rows: Vec<A>) -> Result<(), DbErr>
where
    E: EntityTrait,
    A: sea_orm::ActiveModelTrait<Entity = E> + Send,
{
    let per_statement = MOST_VARIABLES / E::Column::iter().count();
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let chunk: Vec<A> = rows.by_ref().take(per_statement).collect();
        E::insert_many(chunk).exec_without_returning(transaction).await?;
    }
    Ok(())
}
