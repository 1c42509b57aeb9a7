//! Between an order's row and the contract's types. A row that can't be read was not written by us: an error, and
//! never a panic.

use contract::{ItemIds, Money, OrderContent, OrderId, Status, UserId, command::FIRST_VERSION};
use sea_orm::{DatabaseConnection, DbErr, EntityTrait};

use crate::entities::order;

/// The row of an order that is placed now, which is the time of its id.
pub(crate) fn new_row(order_id: OrderId, content: &OrderContent) -> order::Model {
    let placed_at = order_id.time();
    order::Model {
        id: order_id.as_uuid(),
        user_id: content.user_id.as_str().to_owned(),
        item_ids: serde_json::to_string(&content.item_ids).expect("a list of texts is JSON"),
        total_amount: content.total_amount.as_ten_thousandths(),
        placed_at: placed_at.as_micros(),
        status: Status::Pending.as_str().to_owned(),
        version: FIRST_VERSION as i32,
        life: FIRST_VERSION as i32,
        attempts: 0,
        started_at: None,
        updated_at: placed_at.as_micros(),
        completed_at: None,
        failure_code: None,
        failure_message: None,
        compensating: false,
    }
}

pub(crate) async fn find(
    reader: &DatabaseConnection,
    order_id: OrderId,
) -> Result<Option<order::Model>, DbErr> {
    order::Entity::find_by_id(order_id.as_uuid()).one(reader).await
}

pub(crate) const fn order_id(row: &order::Model) -> OrderId {
    OrderId::from_uuid(row.id)
}

pub(crate) fn status(row: &order::Model) -> Result<Status, DbErr> {
    row.status.parse().map_err(|error| unreadable(row, "status", &error))
}

pub(crate) fn content(row: &order::Model) -> Result<OrderContent, DbErr> {
    let user_id: UserId = row.user_id.parse().map_err(|error| unreadable(row, "user_id", &error))?;
    let item_ids: ItemIds =
        serde_json::from_str(&row.item_ids).map_err(|error| unreadable(row, "item_ids", &error))?;
    Ok(OrderContent { user_id, item_ids, total_amount: total_amount(row)? })
}

pub(super) fn total_amount(row: &order::Model) -> Result<Money, DbErr> {
    Money::from_ten_thousandths(row.total_amount).map_err(|error| unreadable(row, "total_amount", &error))
}

pub(super) fn unreadable(row: &order::Model, column: &str, error: &dyn std::fmt::Display) -> DbErr {
    DbErr::Type(format!("order {} has an unreadable {column}: {error}", order_id(row)))
}
