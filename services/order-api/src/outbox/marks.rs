//! How far Redis was when it was seen last, for each partition. What it is found to be behind of is lost.
//!
//! Kept in memory, and in the database with every delete of published rows, in one transaction: so whatever is not covered
//! by the stored mark is still in the outbox, and is published again after a crash.

use std::collections::BTreeMap;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, IntoActiveModel, QueryFilter, Set,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use streams::{EntryId, Mark};

use crate::entities::mark;

/// The marks of one relay.
#[derive(Debug, Default)]
pub(super) struct Marks(BTreeMap<u16, Mark>);

impl Marks {
    /// As they were stored; `last_seq` is that of a producer that has published nothing yet.
    pub(super) async fn load(reader: &DatabaseConnection) -> Result<Self, DbErr> {
        let rows = mark::Entity::find().all(reader).await?;
        let read = |row: mark::Model| {
            let last_id = EntryId::new(row.last_ms as u64, row.last_counter as u64);
            (row.partition as u16, Mark { epoch: row.epoch, last_id, last_seq: 0 })
        };
        Ok(Self(rows.into_iter().map(read).collect()))
    }

    /// What this producer expects to find; `None`: the partition was never seen.
    pub(super) fn expected(&self, partition: u16, own: bool) -> Option<Mark> {
        let mark = self.0.get(&partition)?.clone();
        // Of the numbers of other producers nothing is known here.
        Some(if own { mark } else { Mark { last_seq: 0, ..mark } })
    }

    /// Redis was seen to be this far.
    pub(super) fn seen(&mut self, partition: u16, mark: Mark, own: bool) {
        let last_seq = match self.0.get(&partition) {
            Some(known) if !own => known.last_seq,
            _ if own => mark.last_seq,
            _ => 0,
        };
        self.0.insert(partition, Mark { last_seq, ..mark });
    }

    pub(super) async fn save(&self, transaction: &impl ConnectionTrait) -> Result<(), DbErr> {
        if self.0.is_empty() {
            return Ok(());
        }
        let rows = self.0.iter().map(|(partition, mark)| row(*partition, mark, false).into_active_model());
        let update = OnConflict::column(mark::Column::Partition)
            .update_columns([mark::Column::Epoch, mark::Column::LastMs, mark::Column::LastCounter])
            .to_owned();
        mark::Entity::insert_many(rows).on_conflict(update).exec_without_returning(transaction).await?;
        Ok(())
    }
}

/// Notes that the partition has lost something, before anything else hides it.
pub(super) async fn note_loss(writer: &DatabaseConnection, partition: u16, now: &Mark) -> Result<(), DbErr> {
    let update = OnConflict::column(mark::Column::Partition)
        .update_columns([
            mark::Column::Epoch,
            mark::Column::LastMs,
            mark::Column::LastCounter,
            mark::Column::Lost,
        ])
        .to_owned();
    mark::Entity::insert(row(partition, now, true).into_active_model())
        .on_conflict(update)
        .exec_without_returning(writer)
        .await?;
    Ok(())
}

/// The partitions that have lost something which is not published again yet.
pub(crate) async fn losses(reader: &DatabaseConnection) -> Result<Vec<u16>, DbErr> {
    let rows = mark::Entity::find().filter(Expr::col(mark::Column::Lost).eq(true)).all(reader).await?;
    Ok(rows.into_iter().map(|row| row.partition as u16).collect())
}

/// Everything that the partition has lost is published again, or in the outbox.
pub(crate) async fn healed(writer: &DatabaseConnection, partition: u16) -> Result<(), DbErr> {
    let healed =
        mark::ActiveModel { partition: Set(i32::from(partition)), lost: Set(false), ..Default::default() };
    mark::Entity::update_many()
        .set(healed)
        .filter(Expr::col(mark::Column::Partition).eq(i32::from(partition)))
        .exec(writer)
        .await?;
    Ok(())
}

fn row(partition: u16, mark: &Mark, lost: bool) -> mark::Model {
    mark::Model {
        partition: partition.into(),
        epoch: mark.epoch.clone(),
        last_ms: mark.last_id.ms as i64,
        last_counter: mark.last_id.seq as i64,
        lost,
    }
}
