//! Where each order stands.

use std::collections::{BTreeMap, BTreeSet};

use contract::{OrderId, Timestamp};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, sea_query::OnConflict,
};

use super::slices::{sizes, upsert};
use crate::{
    entities::projected_order::{ActiveModel, Column, Entity, Model},
    projection::order::OrderState,
};

/// Those of the orders that were seen before.
pub(in crate::projection) async fn orders(
    connection: &impl ConnectionTrait,
    ids: impl Iterator<Item = OrderId>,
) -> Result<BTreeMap<OrderId, OrderState>, DbErr> {
    let ids: BTreeSet<OrderId> = ids.collect();
    let mut rest = ids.iter().map(|id| id.as_uuid());
    let mut found = BTreeMap::new();
    for size in sizes(ids.len()) {
        let slice = Column::OrderId.is_in(rest.by_ref().take(size));
        for row in Entity::find().filter(slice).all(connection).await? {
            found.insert(OrderId::from_uuid(row.order_id), state(row)?);
        }
    }
    Ok(found)
}

pub(super) async fn save(
    connection: &impl ConnectionTrait,
    orders: &BTreeMap<OrderId, OrderState>,
) -> Result<(), DbErr> {
    let rows = orders.iter().map(|(id, order)| ActiveModel {
        order_id: Set(id.as_uuid()),
        version: Set(order.version.into()),
        status: Set(order.status.as_str().to_owned()),
        placed_at: Set(order.placed_at.as_micros()),
        first_started_at: Set(order.first_started_at.map(Timestamp::as_micros)),
        measured_version: Set(order.measured_version.map(i64::from)),
    });
    let changing = [Column::Version, Column::Status, Column::FirstStartedAt, Column::MeasuredVersion];
    let replace = OnConflict::column(Column::OrderId).update_columns(changing).to_owned();
    upsert(connection, rows.collect(), replace).await
}

fn state(row: Model) -> Result<OrderState, DbErr> {
    let nonsense = |what: &str| DbErr::Custom(format!("projected_orders has {what} for {}", row.order_id));
    let version = |number: i64| number.try_into().map_err(|_| nonsense("an impossible version"));
    Ok(OrderState {
        version: version(row.version)?,
        status: row.status.parse().map_err(|_| nonsense("an unknown status"))?,
        placed_at: Timestamp::from_micros(row.placed_at),
        first_started_at: row.first_started_at.map(Timestamp::from_micros),
        measured_version: row.measured_version.map(version).transpose()?,
    })
}
