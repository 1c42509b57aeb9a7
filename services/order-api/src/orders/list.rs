//! Lists, newest first, in pages by key: a page costs the same wherever it is, and none skips or repeats an order
//! because others were placed meanwhile.

use contract::{OrderId, Status, Timestamp, UserId};
use sea_orm::{ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::view::OrderView;
use crate::entities::order;

/// What to list; filters that are there must all match.
#[derive(Clone, Debug)]
pub(crate) struct ListQuery {
    pub(crate) status: Option<Status>,
    pub(crate) user_id: Option<UserId>,
    /// Placed at this time or later.
    pub(crate) placed_from: Option<Timestamp>,
    /// Placed before this time.
    pub(crate) placed_before: Option<Timestamp>,
    /// Only orders older than this one: the last of the page before.
    pub(crate) after: Option<OrderId>,
    pub(crate) limit: u64,
}

/// One page, and where the next begins if there is one.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) orders: Vec<OrderView>,
    pub(crate) next: Option<OrderId>,
}

pub(crate) async fn list(reader: &DatabaseConnection, query: &ListQuery) -> Result<Page, DbErr> {
    let mut select = order::Entity::find().order_by_desc(order::Column::Id);
    if let Some(status) = query.status {
        select = select.filter(order::Column::Status.eq(status.as_str()));
    }
    if let Some(user_id) = &query.user_id {
        select = select.filter(order::Column::UserId.eq(user_id.as_str()));
    }
    // By id and not by `placed_at`, which is the id's own time: every list has one order and one index.
    if let Some(from) = query.placed_from {
        select = select.filter(order::Column::Id.gte(OrderId::first_at(from).as_uuid()));
    }
    if let Some(before) = query.placed_before {
        select = select.filter(order::Column::Id.lt(OrderId::first_at(before).as_uuid()));
    }
    if let Some(after) = query.after {
        select = select.filter(order::Column::Id.lt(after.as_uuid()));
    }
    let mut rows = select.limit(query.limit + 1).all(reader).await?;
    let more = rows.len() as u64 > query.limit;
    rows.truncate(query.limit as usize);
    let orders = rows.into_iter().map(OrderView::of).collect::<Result<Vec<_>, _>>()?;
    let next = if more { orders.last().map(OrderView::order_id) } else { None };
    Ok(Page { orders, next })
}
