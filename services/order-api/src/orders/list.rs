//! Lists, newest first, in pages by key: a page costs the same wherever it is, and none skips or repeats an order
//! because others were placed meanwhile.

use contract::{OrderId, Status, Timestamp, UserId};
use sea_orm::{ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

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
    // By id and not by `placed_at`: an id begins with its time, so that every list has one order and one index.
    if let Some(from) = query.placed_from {
        select = select.filter(order::Column::Id.gte(first_id_at(from)));
    }
    if let Some(before) = query.placed_before {
        select = select.filter(order::Column::Id.lt(first_id_at(before)));
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

/// The smallest id that an order placed at this time can have: ids carry 48 bits of milliseconds, then 12 bits of the
/// fraction below them, around the version.
fn first_id_at(time: Timestamp) -> Uuid {
    let micros = time.as_micros().max(0) as u128;
    let millis = (micros / 1_000).min((1 << 48) - 1);
    let fraction = (micros % 1_000) * 4_096 / 1_000;
    Uuid::from_u128((millis << 80) | (0x7 << 76) | (fraction << 64) | (0b10 << 62))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use runtime::{clock::Clock, ids::new_order_id};

    use super::*;

    #[test]
    fn ids_of_a_time_begin_with_the_first_id_at_it() {
        let start = Timestamp::from_micros(1_764_000_000_123_456);
        let clock = Clock::manual(start);
        for _ in 0..2_000 {
            let now = clock.now();
            let id = new_order_id(&clock).as_uuid();
            assert!(first_id_at(now) <= id && id < first_id_at(now + Duration::from_micros(1)), "{now}");
            clock.advance(Duration::from_micros(1));
        }
        assert!(first_id_at(Timestamp::from_micros(-5)) <= first_id_at(Timestamp::from_micros(i64::MAX)));
    }
}
