//! How far Redis was when it was seen last, for each partition. What it is found to be behind of is lost.
//!
//! Kept in memory, and in the database with every delete of published rows, in one transaction: so whatever is not covered
//! by the stored mark is still in the outbox, and is published again after a crash.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use contract::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, IntoActiveModel, QueryFilter,
    QuerySelect, Set, sea_query::OnConflict,
};
use streams::{EntryId, Mark};

use crate::entities::mark;

/// The marks of this run. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks(Arc<Mutex<BTreeMap<u16, Mark>>>);

/// A loss that is not healed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Loss {
    pub(crate) partition: u16,
    lost_at: i64,
}

impl Marks {
    /// As they were stored; `last_seq` is that of a producer that has published nothing yet.
    pub(crate) async fn load(reader: &DatabaseConnection) -> Result<Self, DbErr> {
        let rows = mark::Entity::find().all(reader).await?;
        let read = |row: mark::Model| {
            let last_id = EntryId::new(row.last_ms as u64, row.last_counter as u64);
            (row.partition as u16, Mark { epoch: row.epoch, last_id, last_seq: 0 })
        };
        Ok(Self(Arc::new(Mutex::new(rows.into_iter().map(read).collect()))))
    }

    /// What is expected to be found; `None`: the partition was never seen. `own` for the numbers of this run; of those of
    /// other producers nothing is known.
    pub(crate) fn expected(&self, partition: u16, own: bool) -> Option<Mark> {
        let mark = self.lock().get(&partition)?.clone();
        Some(if own { mark } else { Mark { last_seq: 0, ..mark } })
    }

    /// Redis was seen to be this far.
    pub(super) fn seen(&self, partition: u16, mark: Mark, own: bool) {
        let mut marks = self.lock();
        let last_seq = match marks.get(&partition) {
            _ if own => mark.last_seq,
            Some(known) => known.last_seq,
            None => 0,
        };
        marks.insert(partition, Mark { last_seq, ..mark });
    }

    pub(super) async fn save(&self, transaction: &impl ConnectionTrait) -> Result<(), DbErr> {
        let rows: Vec<_> =
            self.lock().iter().map(|(partition, mark)| row(*partition, mark).into_active_model()).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let update = OnConflict::column(mark::Column::Partition)
            .update_columns([mark::Column::Epoch, mark::Column::LastMs, mark::Column::LastCounter])
            .to_owned();
        mark::Entity::insert_many(rows).on_conflict(update).exec_without_returning(transaction).await?;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u16, Mark>> {
        // A mark is replaced as a whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes that the partition has lost something, before anything else hides it.
pub(super) async fn note_loss(
    writer: &DatabaseConnection,
    partition: u16,
    mark: &Mark,
    now: Timestamp,
) -> Result<(), DbErr> {
    let lost = mark::Model { lost: true, lost_at: now.as_micros(), ..row(partition, mark) };
    let update = OnConflict::column(mark::Column::Partition)
        .update_columns([
            mark::Column::Epoch,
            mark::Column::LastMs,
            mark::Column::LastCounter,
            mark::Column::Lost,
            mark::Column::LostAt,
        ])
        .to_owned();
    mark::Entity::insert(lost.into_active_model()).on_conflict(update).exec_without_returning(writer).await?;
    Ok(())
}

/// Notes a loss that nobody saw happen, after it was healed.
pub(crate) async fn note_found(
    writer: &DatabaseConnection,
    partition: u16,
    now: Timestamp,
) -> Result<(), DbErr> {
    let found = mark::ActiveModel { lost_at: Set(now.as_micros()), ..Default::default() };
    mark::Entity::update_many()
        .set(found)
        .filter(mark::Column::Partition.eq(i32::from(partition)))
        .exec(writer)
        .await?;
    Ok(())
}

/// What is lost and not published again yet.
pub(crate) async fn losses(reader: &DatabaseConnection) -> Result<Vec<Loss>, DbErr> {
    let rows = mark::Entity::find().filter(mark::Column::Lost.eq(true)).all(reader).await?;
    Ok(rows.into_iter().map(|row| Loss { partition: row.partition as u16, lost_at: row.lost_at }).collect())
}

/// Everything that was lost then is published again, or in the outbox. A loss that was noted since stays noted.
pub(crate) async fn healed(writer: &DatabaseConnection, loss: Loss) -> Result<(), DbErr> {
    let healed = mark::ActiveModel { lost: Set(false), ..Default::default() };
    mark::Entity::update_many()
        .set(healed)
        .filter(mark::Column::Partition.eq(i32::from(loss.partition)))
        .filter(mark::Column::LostAt.eq(loss.lost_at))
        .exec(writer)
        .await?;
    Ok(())
}

/// When Redis was last found to have lost something, in whichever partition. Of orders that are older nobody can say what it
/// has forgotten about them.
pub(crate) async fn last_loss(connection: &impl ConnectionTrait) -> Result<Timestamp, DbErr> {
    let lost_at: Option<Option<i64>> = mark::Entity::find()
        .select_only()
        .column_as(mark::Column::LostAt.max(), "lost_at")
        .into_tuple()
        .one(connection)
        .await?;
    Ok(Timestamp::from_micros(lost_at.flatten().unwrap_or(0)))
}

fn row(partition: u16, mark: &Mark) -> mark::Model {
    mark::Model {
        partition: partition.into(),
        epoch: mark.epoch.clone(),
        last_ms: mark.last_id.ms as i64,
        last_counter: mark.last_id.seq as i64,
        lost: false,
        lost_at: 0,
    }
}
