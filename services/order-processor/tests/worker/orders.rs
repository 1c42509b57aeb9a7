//! The orders of these tests, by number, and short words for what happened to them.

use contract::{Command, CommandData, Event, EventData, OrderContent, OrderId, ProcessOrder, Timestamp};
use streams::Publication;
use uuid::Uuid;

pub(crate) const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

pub(crate) fn order_id(number: u32) -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(0x019a_1b2c_3d4e_7f50_8a6b_0000_0000_0000 + u128::from(number)))
}

pub(crate) fn content(number: u32) -> OrderContent {
    let json =
        format!(r#"{{"user_id":"user-{number}","item_ids":["sku-{number}","sku-1"],"total_amount":99.99}}"#);
    serde_json::from_str(&json).unwrap()
}

pub(crate) fn command(number: u32) -> Command {
    let placed_at = Timestamp::from_micros(1_764_000_000_000_000);
    let data = ProcessOrder { version: 1, attempt: 1, placed_at, life: 1, order: content(number) };
    Command::process("/order-api", order_id(number), placed_at, Some(TRACEPARENT.to_owned()), data)
}

/// The same order, changed.
pub(crate) fn command_with(number: u32, change: impl FnOnce(&mut ProcessOrder)) -> Command {
    let mut command = command(number);
    let CommandData::Process(data) = &mut command.data else { panic!("{command:?}") };
    change(data);
    command
}

pub(crate) fn publication(number: u32) -> Publication {
    let command = command(number);
    let time = command.envelope.time;
    let event = Event::placed("/order-api", order_id(number), time, None, 1, content(number));
    Publication {
        seq: i64::from(number),
        order: order_id(number),
        command: command.to_fields(),
        event: Some(event.to_fields()),
        known: false,
    }
}

/// Events as their types' last words, with versions.
pub(crate) fn words(events: &[Event]) -> Vec<String> {
    let word =
        |event: &Event| format!("{} {}", event.kind().as_str().trim_start_matches("order."), event.version());
    events.iter().map(word).collect()
}

pub(crate) fn is_completed(event: &Event) -> bool {
    matches!(event.data, EventData::Completed(_))
}
