//! How far each partition has been read, and in which data set.

use contract::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};
use streams::{EntryId, Progress};

use crate::{
    entities::position::{ActiveModel, Column, Entity, Model},
    projection::{Position, Reached},
};

/// Moves the partition's position forward; one that lies further already stays. Either way its row is locked until the
/// transaction ends.
pub(in crate::projection) async fn advance(
    connection: &impl ConnectionTrait,
    position: Position,
) -> Result<(), DbErr> {
    let row = row(position.partition, "", position.entry, position.projected_at);
    let further = "(excluded.entry_ms, excluded.entry_seq) > (positions.entry_ms, positions.entry_seq)";
    let forward = OnConflict::column(Column::Partition)
        .update_columns([Column::EntryMs, Column::EntrySeq, Column::ProjectedAt])
        .action_and_where(Expr::cust(further))
        .to_owned();
    Entity::insert(row).on_conflict(forward).exec_without_returning(connection).await?;
    Ok(())
}

/// How far one partition is; `None`: nothing of it was ever seen.
pub(in crate::projection) async fn reached(
    connection: &impl ConnectionTrait,
    partition: u16,
) -> Result<Option<Reached>, DbErr> {
    let row = Entity::find_by_id(i32::from(partition)).one(connection).await?;
    Ok(row.map(|row| Reached { entry: entry(&row), epoch: row.epoch }))
}

/// Notes the data set of a partition of which none is known yet.
pub(in crate::projection) async fn name_epoch(
    connection: &impl ConnectionTrait,
    partition: u16,
    epoch: &str,
    now: Timestamp,
) -> Result<(), DbErr> {
    let fill = OnConflict::column(Column::Partition)
        .update_column(Column::Epoch)
        .action_and_where(Expr::cust("positions.epoch = ''"))
        .to_owned();
    let row = row(partition, epoch, EntryId::MIN, now);
    Entity::insert(row).on_conflict(fill).exec_without_returning(connection).await?;
    Ok(())
}

/// Goes on in the data set that Redis has now. False: it was noted already, by another replica.
pub(in crate::projection) async fn replace(
    connection: &impl ConnectionTrait,
    partition: u16,
    before: Option<&Reached>,
    found: &Progress,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let Progress { epoch, delivered, .. } = found;
    let Some(before) = before else {
        let keep = OnConflict::column(Column::Partition).do_nothing().to_owned();
        let row = row(partition, epoch, *delivered, now);
        return Ok(Entity::insert(row).on_conflict(keep).exec_without_returning(connection).await? == 1);
    };
    let mut update = Entity::update_many()
        .col_expr(Column::EntryMs, Expr::value(delivered.ms as i64))
        .col_expr(Column::EntrySeq, Expr::value(delivered.seq as i64))
        .col_expr(Column::Epoch, Expr::value(epoch.as_str()))
        .filter(Column::Partition.eq(i32::from(partition)))
        .filter(Column::Epoch.eq(before.epoch.as_str()));
    if before.epoch == *epoch {
        let lies_beyond = Expr::cust_with_values(
            "(entry_ms, entry_seq) > (?, ?)",
            [delivered.ms as i64, delivered.seq as i64],
        );
        update = update.filter(lies_beyond);
    }
    Ok(update.exec(connection).await?.rows_affected == 1)
}

/// Has every other transaction that applies events or corrects orders wait until this one ends. On SQLite it does anyway.
pub(in crate::projection) async fn hold_all(connection: &impl ConnectionTrait) -> Result<(), DbErr> {
    if connection.get_database_backend() == DbBackend::Postgres {
        // The whole table, because a partition that was never read has no row.
        connection.execute_unprepared("LOCK TABLE positions IN EXCLUSIVE MODE").await?;
    }
    Ok(())
}

pub(super) fn entry(row: &Model) -> EntryId {
    EntryId::new(row.entry_ms.max(0).cast_unsigned(), row.entry_seq.max(0).cast_unsigned())
}

fn row(partition: u16, epoch: &str, entry: EntryId, projected_at: Timestamp) -> ActiveModel {
    ActiveModel {
        partition: Set(partition.into()),
        entry_ms: Set(entry.ms as i64),
        entry_seq: Set(entry.seq as i64),
        epoch: Set(epoch.to_owned()),
        projected_at: Set(projected_at.as_micros()),
    }
}
