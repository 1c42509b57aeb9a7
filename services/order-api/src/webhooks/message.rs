//! What a receiver gets: the event, with what identifies its order.

use contract::{Money, OrderId, Timestamp, UserId};
use sea_orm::{DatabaseConnection, DbErr, EntityTrait};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    entities::{order_event, webhook},
    orders,
};

/// The same in every attempt, so that a receiver knows what it had before.
pub(crate) fn id(webhook: &webhook::Model) -> String {
    format!("msg_{}_{}", webhook.order_id.as_simple(), webhook.version)
}

#[derive(Serialize)]
struct Message<'a> {
    r#type: &'a str,
    timestamp: Timestamp,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    order_id: OrderId,
    user_id: UserId,
    total_amount: Money,
    version: i32,
    /// As in the order's timeline.
    event: &'a RawValue,
}

/// The body; `None`: the order was deleted.
pub(super) async fn body(
    reader: &DatabaseConnection,
    webhook: &webhook::Model,
) -> Result<Option<String>, DbErr> {
    let order = orders::find(reader, OrderId::from_uuid(webhook.order_id)).await?;
    let event = order_event::Entity::find_by_id((webhook.order_id, webhook.version)).one(reader).await?;
    let (Some(order), Some(event)) = (order, event) else { return Ok(None) };
    let content = orders::content(&order)?;
    let data = RawValue::from_string(event.data).map_err(|error| DbErr::Type(error.to_string()))?;
    let message = Message {
        r#type: &event.kind,
        timestamp: Timestamp::from_micros(event.occurred_at),
        data: Data {
            order_id: orders::order_id(&order),
            user_id: content.user_id,
            total_amount: content.total_amount,
            version: event.version,
            event: &data,
        },
    };
    Ok(Some(serde_json::to_string(&message).expect("a message can be written as JSON")))
}
