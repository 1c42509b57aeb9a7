//! Where each order stands.

use std::collections::{BTreeMap, BTreeSet};

use contract::{OrderId, Status, Timestamp};
use runtime::db::rows::{self, Batch, Lock};
use sea_orm::{ConnectionTrait, DbErr, Value, prelude::Uuid};

use crate::projection::order::OrderState;

/// Of the table `projected_orders`, the key first.
type Row = (Uuid, u32, Status, i64, Option<i64>, Option<u32>);

/// Those of the orders that were seen before.
pub(in crate::projection) async fn orders(
    connection: &impl ConnectionTrait,
    ids: impl Iterator<Item = OrderId>,
) -> Result<BTreeMap<OrderId, OrderState>, DbErr> {
    let ids: BTreeSet<OrderId> = ids.collect();
    let keys = ids.iter().map(|id| id.as_uuid());
    let columns = "version, status, placed_at, first_started_at, measured_version";
    let found = rows::read(connection, "projected_orders", "order_id", columns, keys, Lock::None).await?;
    Ok(found.into_iter().map(state).collect())
}

pub(super) fn save(batch: &mut Batch, orders: &BTreeMap<OrderId, OrderState>) {
    let insert = "INSERT INTO projected_orders \
        (order_id, version, status, placed_at, first_started_at, measured_version)";
    let replace = "ON CONFLICT (order_id) DO UPDATE SET version = excluded.version, status = excluded.status, \
        first_started_at = excluded.first_started_at, measured_version = excluded.measured_version";
    let values = orders.iter().flat_map(|(id, order)| -> [Value; 6] {
        [
            id.as_uuid().into(),
            i64::from(order.version).into(),
            order.status.as_str().into(),
            order.placed_at.as_micros().into(),
            order.first_started_at.map(Timestamp::as_micros).into(),
            order.measured_version.map(i64::from).into(),
        ]
    });
    batch.add(insert, "(?, ?, ?, ?, ?, ?)", values.collect(), replace);
}

fn state(
    (order_id, version, status, placed_at, first_started_at, measured_version): Row,
) -> (OrderId, OrderState) {
    let state = OrderState {
        version,
        status,
        placed_at: Timestamp::from_micros(placed_at),
        first_started_at: first_started_at.map(Timestamp::from_micros),
        measured_version,
    };
    (OrderId::from_uuid(order_id), state)
}
