//! Failed orders that can be tried once more, oldest first.

use contract::{OrderId, Status, Timestamp, UserId};
use sea_orm::{
    ColumnTrait, Condition, DatabaseConnection, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

use crate::entities::order;

/// Which; filters that are there must all match.
#[derive(Clone, Debug)]
pub(crate) struct FailedQuery {
    pub(crate) user_id: Option<UserId>,
    pub(crate) failure_code: Option<String>,
    /// Placed at this time or later.
    pub(crate) placed_from: Option<Timestamp>,
    /// Placed before this time.
    pub(crate) placed_before: Option<Timestamp>,
    pub(crate) limit: u64,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Failed {
    /// Those that can be retried now.
    pub(crate) orders: Vec<OrderId>,
    /// There are others behind them.
    pub(crate) more: bool,
    /// How many match as well, and can't be retried yet: what was done for them is being undone. They don't take the place
    /// of others, or a refund that does not get through would stand in the way of every retry.
    pub(crate) compensating: u64,
}

pub(crate) async fn failed(reader: &DatabaseConnection, query: &FailedQuery) -> Result<Failed, DbErr> {
    let mut ids: Vec<Uuid> = order::Entity::find()
        .filter(order::Column::Status.eq(Status::Failed.as_str()))
        .filter(condition(query))
        .select_only()
        .column(order::Column::Id)
        .filter(order::Column::Compensating.eq(false))
        .order_by_asc(order::Column::Id)
        .limit(query.limit + 1)
        .into_tuple()
        .all(reader)
        .await?;
    let more = ids.len() as u64 > query.limit;
    ids.truncate(query.limit as usize);
    // As the index names it, which holds few of all orders: those that failed, and some that were cancelled. Asked for those that
    // failed, SQLite would rather look at all of them.
    let compensating = order::Entity::find()
        .filter(Expr::col(order::Column::Compensating))
        .filter(order::Column::Status.ne(Status::Cancelled.as_str()))
        .filter(condition(query))
        .count(reader)
        .await?;
    Ok(Failed { orders: ids.into_iter().map(OrderId::from_uuid).collect(), more, compensating })
}

/// The filters.
fn condition(query: &FailedQuery) -> Condition {
    let first_at = |time: Timestamp| OrderId::first_at(time).as_uuid();
    Condition::all()
        .add_option(query.user_id.as_ref().map(|user_id| order::Column::UserId.eq(user_id.as_str())))
        .add_option(query.failure_code.as_ref().map(|code| order::Column::FailureCode.eq(code.as_str())))
        .add_option(query.placed_from.map(|from| order::Column::Id.gte(first_at(from))))
        .add_option(query.placed_before.map(|before| order::Column::Id.lt(first_at(before))))
}
