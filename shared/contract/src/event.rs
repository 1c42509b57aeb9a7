//! What happened to an order: the messages on `events`.
//!
//! Each carries all that a consumer needs, and the order's version: it only grows, so a consumer drops
//! whatever is not above the version it has. A redelivered or repeated event has the same id and version.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{
    envelope::{DecodeError, Envelope, Fields, RawMessage},
    ids::UserId,
    money::Money,
    order::{ItemIds, OrderContent},
    order_id::OrderId,
    status::EventKind,
    step::{FailureReason, Step, StepReport},
    timestamp::Timestamp,
};

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub envelope: Envelope,
    pub data: EventData,
}

/// The data of an event, by its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventData {
    Placed(OrderPlaced),
    Processing(OrderProcessing),
    Completed(OrderCompleted),
    Failed(OrderFailed),
    Retrying(OrderRetrying),
    Cancelled(OrderCancelled),
    Compensated(OrderCompensated),
}

/// `order.placed`: the order was accepted; its `time` is when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderPlaced {
    pub version: u32,
    pub user_id: UserId,
    pub item_ids: ItemIds,
    pub total_amount: Money,
}

/// `order.processing`: a worker took the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderProcessing {
    pub version: u32,
    /// 1 for the first.
    pub attempt: u32,
    pub worker: String,
    pub placed_at: Timestamp,
    /// When the command that the worker took came into the queue, by the clock of Redis, in whole milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<Timestamp>,
    /// The id of the order's trace, where it has one: a timeline keeps the data of an event, and not its `traceparent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}

/// `order.completed`: every step was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderCompleted {
    pub version: u32,
    pub attempt: u32,
    pub worker: String,
    pub placed_at: Timestamp,
    /// When the attempt that completed it began.
    pub started_at: Timestamp,
    pub steps: Vec<StepReport>,
}

/// `order.failed`: a step was refused, or the last attempt did not get through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderFailed {
    pub version: u32,
    pub attempt: u32,
    pub worker: String,
    pub placed_at: Timestamp,
    /// When the attempt that failed began.
    pub started_at: Timestamp,
    pub reason: FailureReason,
    pub steps: Vec<StepReport>,
    /// What is to be undone, in this order, because it was done outside or may have been. order-api asks for it when it
    /// has taken the failure for the order's end; `order.compensated` follows. Empty: nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compensating: Vec<Step>,
}

/// `order.retrying`: an attempt did not get through; the next one comes when it is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderRetrying {
    pub version: u32,
    /// The attempt that ended.
    pub attempt: u32,
    pub worker: String,
    pub placed_at: Timestamp,
    pub due_at: Timestamp,
    pub reason: FailureReason,
    pub steps: Vec<StepReport>,
}

/// `order.cancelled`: taken back before any worker had it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderCancelled {
    pub version: u32,
    pub placed_at: Timestamp,
}

/// `order.compensated`: what the failed order had done outside was undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderCompensated {
    pub version: u32,
    pub worker: String,
    pub placed_at: Timestamp,
    /// The steps that were undone.
    pub steps: Vec<StepReport>,
}

/// Runs one arm for whichever data it is: all have `version`, and serialize alike.
macro_rules! each {
    ($data:expr, $inner:ident => $result:expr) => {
        match $data {
            EventData::Placed($inner) => $result,
            EventData::Processing($inner) => $result,
            EventData::Completed($inner) => $result,
            EventData::Failed($inner) => $result,
            EventData::Retrying($inner) => $result,
            EventData::Cancelled($inner) => $result,
            EventData::Compensated($inner) => $result,
        }
    };
}

impl EventData {
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::Placed(_) => EventKind::Placed,
            Self::Processing(_) => EventKind::Processing,
            Self::Completed(_) => EventKind::Completed,
            Self::Failed(_) => EventKind::Failed,
            Self::Retrying(_) => EventKind::Retrying,
            Self::Cancelled(_) => EventKind::Cancelled,
            Self::Compensated(_) => EventKind::Compensated,
        }
    }

    pub const fn version(&self) -> u32 {
        each!(self, data => data.version)
    }

    /// The `data` field.
    pub fn to_json(&self) -> String {
        each!(self, data => serde_json::to_string(data)).expect("plain structs always serialize")
    }
}

impl Event {
    /// An event with the id that its order and version give it.
    pub fn new(
        source: impl Into<Cow<'static, str>>,
        order_id: OrderId,
        time: Timestamp,
        traceparent: Option<String>,
        data: EventData,
    ) -> Self {
        let envelope = Envelope {
            id: format!("{order_id}/{}", data.version()),
            source: source.into(),
            subject: order_id,
            time,
            traceparent,
        };
        Self { envelope, data }
    }

    /// `order.placed` of a new order.
    pub fn placed(
        source: impl Into<Cow<'static, str>>,
        order_id: OrderId,
        time: Timestamp,
        traceparent: Option<String>,
        version: u32,
        content: OrderContent,
    ) -> Self {
        let OrderContent { user_id, item_ids, total_amount } = content;
        let data = EventData::Placed(OrderPlaced { version, user_id, item_ids, total_amount });
        Self::new(source, order_id, time, traceparent, data)
    }

    pub const fn order_id(&self) -> OrderId {
        self.envelope.subject
    }

    pub const fn kind(&self) -> EventKind {
        self.data.kind()
    }

    pub const fn version(&self) -> u32 {
        self.data.version()
    }

    /// The stream entry.
    pub fn to_fields(&self) -> Fields {
        self.envelope.fields(self.kind().as_str(), self.data.to_json())
    }

    /// Reads a stream entry; unknown further fields are left alone, as CloudEvents asks.
    pub fn from_fields<N: AsRef<str>, V: AsRef<str> + Into<String>>(
        fields: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, DecodeError> {
        Self::with_json(fields).map(|(event, _)| event)
    }

    /// The same, and the `data` field as it came, with whatever a newer writer has added.
    pub fn with_json<N: AsRef<str>, V: AsRef<str> + Into<String>>(
        fields: impl IntoIterator<Item = (N, V)>,
    ) -> Result<(Self, String), DecodeError> {
        let parts = RawMessage::new(fields).parts()?;
        let data = match EventKind::from_type(parts.message_type.as_ref()) {
            None => return Err(parts.unknown_type()),
            Some(EventKind::Placed) => EventData::Placed(parts.data()?),
            Some(EventKind::Processing) => EventData::Processing(parts.data()?),
            Some(EventKind::Completed) => EventData::Completed(parts.data()?),
            Some(EventKind::Failed) => EventData::Failed(parts.data()?),
            Some(EventKind::Retrying) => EventData::Retrying(parts.data()?),
            Some(EventKind::Cancelled) => EventData::Cancelled(parts.data()?),
            Some(EventKind::Compensated) => EventData::Compensated(parts.data()?),
        };
        let (envelope, json) = parts.into_envelope_and_data();
        Ok((Self { envelope, data }, json))
    }
}
