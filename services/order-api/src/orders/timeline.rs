//! An order's timeline: that it was placed, and every event about it that was seen.

use contract::{Event, EventKind, OrderId, Timestamp, command::FIRST_VERSION};
use sea_orm::{ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use serde_json::value::RawValue;

use super::row;
use crate::{
    SOURCE,
    entities::{order, order_event},
};

/// Serialises to what [`crate::http`] documents as `OrderEvent`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TimelineEntry {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    time: Timestamp,
    pub(crate) version: i32,
    data: Box<RawValue>,
}

#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    /// Oldest first.
    pub(crate) events: Vec<TimelineEntry>,
    /// Whether the order was final at a moment since when all of its events are here.
    pub(crate) is_final: bool,
}

/// What comes after this version; `None` where there is no such order.
pub(crate) async fn timeline(
    reader: &DatabaseConnection,
    order_id: OrderId,
    after: i32,
) -> Result<Option<Timeline>, DbErr> {
    let Some(order) = row::find(reader, order_id).await? else { return Ok(None) };
    let events = order_event::Entity::find()
        .filter(order_event::Column::OrderId.eq(order_id.as_uuid()))
        .filter(order_event::Column::Version.gt(after))
        .order_by_asc(order_event::Column::Version)
        .all(reader)
        .await?;
    let mut entries = Vec::with_capacity(events.len() + 1);
    if after < FIRST_VERSION as i32 {
        entries.push(placed(&order)?);
    }
    for event in events {
        let data = RawValue::from_string(event.data);
        let data = data.map_err(|error| row::unreadable(&order, "event", &error))?;
        entries.push(TimelineEntry {
            kind: event.kind,
            time: Timestamp::from_micros(event.occurred_at),
            version: event.version,
            data,
        });
    }
    Ok(Some(Timeline { events: entries, is_final: row::status(&order)?.is_final() }))
}

/// Told by the order itself; a row for each would double what accepting an order writes.
fn placed(order: &order::Model) -> Result<TimelineEntry, DbErr> {
    let time = Timestamp::from_micros(order.placed_at);
    let event = Event::placed(SOURCE, row::order_id(order), time, None, FIRST_VERSION, row::content(order)?);
    let data = RawValue::from_string(event.data.to_json()).expect("an event's data is JSON");
    Ok(TimelineEntry {
        kind: EventKind::Placed.as_str().to_owned(),
        time,
        version: FIRST_VERSION as i32,
        data,
    })
}
