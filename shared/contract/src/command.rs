//! What a worker is asked to do: the messages on `queue`. A command carries everything that the work
//! needs, so that a worker never asks order-api.
//!
//! Versions: `version` is the last one the order had. The attempt reports `order.processing` as
//! `version + 1` and its outcome as `version + 2`; the next attempt's command carries that. So a command
//! that is delivered twice gives the same versions twice, and consumers drop the second.
//!
//! Lives: an order that a person lets be tried again after it had failed begins a new life, for by then what was done
//! for it has been undone. A life is named by the version it was placed with; the first is [`FIRST_VERSION`].

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{
    envelope::{DecodeError, Envelope, Fields, RawMessage},
    order::OrderContent,
    order_id::OrderId,
    step::Step,
    timestamp::Timestamp,
};

/// The version of `order.placed` of a new order.
pub const FIRST_VERSION: u32 = 1;

const PROCESS: &str = "order.process";
const COMPENSATE: &str = "order.compensate";

/// One command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    pub envelope: Envelope,
    pub data: CommandData,
}

/// The data of a command, by its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandData {
    Process(ProcessOrder),
    Compensate(CompensateOrder),
}

/// `order.process`: run the order through the pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProcessOrder {
    /// The order's last version before this attempt.
    pub version: u32,
    /// 1 for the first.
    pub attempt: u32,
    pub placed_at: Timestamp,
    /// The version that this life of the order was placed with.
    #[serde(default = "first_life", skip_serializing_if = "is_first_life")]
    #[cfg_attr(feature = "schema", schemars(default = "first_life"))]
    pub life: u32,
    pub order: OrderContent,
}

/// `order.compensate`: undo what was done outside for an order that failed. Repeated until everything is undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CompensateOrder {
    /// The order's last version: that of its end.
    pub version: u32,
    /// 1 for the first.
    pub attempt: u32,
    pub placed_at: Timestamp,
    /// The version that this life of the order was placed with.
    #[serde(default = "first_life", skip_serializing_if = "is_first_life")]
    #[cfg_attr(feature = "schema", schemars(default = "first_life"))]
    pub life: u32,
    /// What to undo, in this order. Each may have been done, or not.
    pub steps: Vec<Step>,
    pub order: OrderContent,
}

const fn first_life() -> u32 {
    FIRST_VERSION
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_first_life(life: &u32) -> bool {
    *life == FIRST_VERSION
}

impl ProcessOrder {
    /// The version of this attempt's `order.processing`.
    pub const fn processing_version(&self) -> u32 {
        self.version + 1
    }

    /// The version of the event that this attempt ends with.
    pub const fn outcome_version(&self) -> u32 {
        self.version + 2
    }

    /// The attempt after this one.
    pub fn next_attempt(self) -> Self {
        Self { version: self.outcome_version(), attempt: self.attempt + 1, ..self }
    }

    /// What undoes these steps once this attempt has failed for good.
    pub fn compensation(self, steps: Vec<Step>) -> CompensateOrder {
        let (version, Self { placed_at, life, order, .. }) = (self.outcome_version(), self);
        CompensateOrder { version, attempt: 1, placed_at, life, steps, order }
    }
}

impl CompensateOrder {
    /// The version of the `order.compensated` that it ends with.
    pub const fn outcome_version(&self) -> u32 {
        self.version + 1
    }

    /// The attempt after this one.
    pub fn next_attempt(self, steps: Vec<Step>) -> Self {
        Self { attempt: self.attempt + 1, steps, ..self }
    }
}

/// The id of the command that asks for an attempt after this version. Not `<order>/<version>`: that is the event's.
pub fn process_id(order_id: OrderId, version: u32) -> String {
    format!("{order_id}/{version}/process")
}

impl Command {
    /// Asks for one attempt at an order.
    pub fn process(
        source: impl Into<Cow<'static, str>>,
        order_id: OrderId,
        time: Timestamp,
        traceparent: Option<String>,
        data: ProcessOrder,
    ) -> Self {
        Self::new(
            process_id(order_id, data.version),
            source,
            order_id,
            time,
            traceparent,
            CommandData::Process(data),
        )
    }

    /// Asks to undo what was done for an order.
    pub fn compensate(
        source: impl Into<Cow<'static, str>>,
        order_id: OrderId,
        time: Timestamp,
        traceparent: Option<String>,
        data: CompensateOrder,
    ) -> Self {
        let id = format!("{order_id}/{}/compensate/{}", data.version, data.attempt);
        Self::new(id, source, order_id, time, traceparent, CommandData::Compensate(data))
    }

    fn new(
        id: String,
        source: impl Into<Cow<'static, str>>,
        subject: OrderId,
        time: Timestamp,
        traceparent: Option<String>,
        data: CommandData,
    ) -> Self {
        Self { envelope: Envelope { id, source: source.into(), subject, time, traceparent }, data }
    }

    pub const fn order_id(&self) -> OrderId {
        self.envelope.subject
    }

    /// The CloudEvents type.
    pub const fn message_type(&self) -> &'static str {
        match self.data {
            CommandData::Process(_) => PROCESS,
            CommandData::Compensate(_) => COMPENSATE,
        }
    }

    /// The stream entry.
    pub fn to_fields(&self) -> Fields {
        let data = match &self.data {
            CommandData::Process(data) => serde_json::to_string(data),
            CommandData::Compensate(data) => serde_json::to_string(data),
        };
        self.envelope.fields(self.message_type(), data.expect("plain structs always serialize"))
    }

    /// Reads a stream entry; unknown further fields are left alone, as CloudEvents asks.
    pub fn from_fields<N: AsRef<str>, V: AsRef<str> + Into<String>>(
        fields: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, DecodeError> {
        let parts = RawMessage::new(fields).parts()?;
        let data = match parts.message_type.as_ref() {
            PROCESS => CommandData::Process(parts.data()?),
            COMPENSATE => CommandData::Compensate(parts.data()?),
            _ => return Err(parts.unknown_type()),
        };
        Ok(Self { envelope: parts.envelope, data })
    }
}
