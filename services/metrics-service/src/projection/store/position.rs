//! How far each partition has been read.

use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait, DbErr, EntityTrait,
    sea_query::{Expr, OnConflict},
};

use crate::{
    entities::position::{ActiveModel, Column, Entity},
    projection::Position,
};

/// Moves the partition's position forward; one that lies further already stays. Either way its row is locked until the
/// transaction ends.
pub(in crate::projection) async fn advance(
    connection: &impl ConnectionTrait,
    position: Position,
) -> Result<(), DbErr> {
    let row = ActiveModel {
        partition: Set(position.partition.into()),
        entry_ms: Set(position.entry.ms as i64),
        entry_seq: Set(position.entry.seq as i64),
        projected_at: Set(position.projected_at.as_micros()),
    };
    let further = "(excluded.entry_ms, excluded.entry_seq) > (positions.entry_ms, positions.entry_seq)";
    let forward = OnConflict::column(Column::Partition)
        .update_columns([Column::EntryMs, Column::EntrySeq, Column::ProjectedAt])
        .action_and_where(Expr::cust(further))
        .to_owned();
    Entity::insert(row).on_conflict(forward).exec_without_returning(connection).await?;
    Ok(())
}
