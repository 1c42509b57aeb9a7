//! The rebuild, in its row.

use std::time::Duration;

use contract::{OrderId, Timestamp};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait},
};

use crate::{
    entities::rebuild::{Column, Entity, Model, ONLY},
    projection::rebuild::{PASSES, Rebuild},
};

/// Begins with the first order, whatever was under way. False: nothing was.
pub(in crate::projection) async fn begin(
    connection: &impl ConnectionTrait,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let interrupts = read(connection).await?.is_some();
    Entity::update_many()
        .col_expr(Column::Revision, Expr::col(Column::Revision).add(1))
        .col_expr(Column::PassesLeft, Expr::value(i32::from(PASSES)))
        .col_expr(Column::LastOrderId, Expr::value(None::<sea_orm::prelude::Uuid>))
        .col_expr(Column::DueAt, Expr::value(now.as_micros()))
        .col_expr(Column::BegunAt, Expr::value(now.as_micros()))
        .col_expr(Column::OrdersRead, Expr::value(0_i64))
        .col_expr(Column::OrdersCorrected, Expr::value(0_i64))
        .col_expr(Column::ClaimedBy, Expr::value(None::<String>))
        .filter(Column::Id.eq(ONLY))
        .exec(connection)
        .await?;
    Ok(interrupts)
}

/// What is left to do; `None`: nothing.
pub(in crate::projection) async fn read(connection: &impl ConnectionTrait) -> Result<Option<Rebuild>, DbErr> {
    let row = Entity::find_by_id(ONLY).filter(Column::PassesLeft.gt(0)).one(connection).await?;
    Ok(row.map(rebuild))
}

/// Makes sure that nobody else works on it until the claim is over. False: somebody does.
pub(in crate::projection) async fn claim(
    connection: &impl ConnectionTrait,
    instance: &str,
    now: Timestamp,
    lasting: Duration,
) -> Result<bool, DbErr> {
    let is_free = Condition::any()
        .add(Column::ClaimedBy.is_null())
        .add(Column::ClaimedBy.eq(instance))
        .add(Column::ClaimedUntil.lte(now.as_micros()));
    let claimed = Entity::update_many()
        .col_expr(Column::ClaimedBy, Expr::value(instance))
        .col_expr(Column::ClaimedUntil, Expr::value((now + lasting).as_micros()))
        .filter(Column::Id.eq(ONLY))
        .filter(is_free)
        .exec(connection)
        .await?;
    Ok(claimed.rows_affected == 1)
}

/// Notes what has been done since `before`. False: somebody else has gone on, or it began anew.
pub(in crate::projection) async fn go_on(
    connection: &impl ConnectionTrait,
    before: &Rebuild,
    after: &Rebuild,
    corrected_at: Option<Timestamp>,
) -> Result<bool, DbErr> {
    let mut update = Entity::update_many()
        .col_expr(Column::Revision, Expr::value(before.revision + 1))
        .col_expr(Column::PassesLeft, Expr::value(i32::from(after.passes_left)))
        .col_expr(Column::LastOrderId, Expr::value(after.after.map(OrderId::as_uuid)))
        .col_expr(Column::DueAt, Expr::value(after.due_at.as_micros()))
        .col_expr(Column::OrdersRead, Expr::value(after.orders_read as i64))
        .col_expr(Column::OrdersCorrected, Expr::value(after.orders_corrected as i64))
        .filter(Column::Id.eq(ONLY))
        .filter(Column::Revision.eq(before.revision));
    if after.passes_left < before.passes_left {
        // Whoever comes first may have the next one, however this replica fares.
        update = update.col_expr(Column::ClaimedBy, Expr::value(None::<String>));
    }
    if let Some(at) = corrected_at {
        update = update.col_expr(Column::CorrectedAt, Expr::value(at.as_micros()));
    }
    Ok(update.exec(connection).await?.rows_affected == 1)
}

fn rebuild(row: Model) -> Rebuild {
    Rebuild {
        revision: row.revision,
        passes_left: row.passes_left.try_into().unwrap_or(PASSES),
        after: row.last_order_id.map(OrderId::from_uuid),
        due_at: Timestamp::from_micros(row.due_at),
        begun_at: Timestamp::from_micros(row.begun_at),
        orders_read: row.orders_read.try_into().unwrap_or_default(),
        orders_corrected: row.orders_corrected.try_into().unwrap_or_default(),
    }
}
