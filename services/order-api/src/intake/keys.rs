//! Idempotency keys of one transaction: which of its requests are repeats.

use std::collections::HashMap;

use bytes::Bytes;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter};

use super::submission::{IntakeError, Once, Receipt, Submission};
use crate::entities::idempotency_key;

/// What the keys of a transaction stand for: those in the database and those that are added.
pub(super) struct Keys(HashMap<String, Used>);

struct Used {
    fingerprint: [u8; 32],
    answer: Bytes,
}

impl Keys {
    /// None is known.
    pub(super) fn none() -> Self {
        Self(HashMap::new())
    }

    /// Looks up the keys of all submissions, in the transaction that will add the new ones.
    pub(super) async fn load<'a>(
        transaction: &DatabaseTransaction,
        submissions: impl Iterator<Item = &'a Submission>,
    ) -> Result<Self, DbErr> {
        let mut asked: Vec<&str> =
            submissions.filter_map(|submission| Some(submission.once.as_ref()?.key.as_str())).collect();
        let Some(last) = asked.last().copied() else { return Ok(Self(HashMap::new())) };
        // Each length is a statement of its own, so there are few lengths.
        asked.resize(asked.len().next_power_of_two(), last);
        let found = idempotency_key::Entity::find()
            .filter(idempotency_key::Column::Key.is_in(asked))
            .all(transaction)
            .await?;
        let used = |row: idempotency_key::Model| {
            let fingerprint = row.fingerprint.as_slice().try_into();
            let fingerprint =
                fingerprint.map_err(|_| DbErr::Type("a fingerprint has 32 bytes".to_owned()))?;
            Ok((row.key, Used { fingerprint, answer: row.answer.into() }))
        };
        Ok(Self(found.into_iter().map(used).collect::<Result<_, DbErr>>()?))
    }

    /// What an earlier request with the key means for this one; `None`: it is the first, and remembered.
    pub(super) fn claim(&mut self, once: &Once) -> Option<Result<Receipt, IntakeError>> {
        match self.0.get(&once.key) {
            Some(used) if used.fingerprint == once.fingerprint => {
                Some(Ok(Receipt::Replayed(used.answer.clone())))
            }
            Some(_) => Some(Err(IntakeError::KeyReused)),
            None => {
                let used = Used { fingerprint: once.fingerprint, answer: once.answer.clone() };
                self.0.insert(once.key.clone(), used);
                None
            }
        }
    }
}
