//! What a worker is asked to do: the messages on `queue`. A command carries everything that the work
//! needs, so that a worker never asks order-api.
//!
//! Versions: `version` is the last one the order had. The attempt reports `order.processing` as
//! `version + 1` and its outcome as `version + 2`; the next attempt's command carries that. So a command
//! that is delivered twice gives the same versions twice, and consumers drop the second.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{
    envelope::{DecodeError, Envelope, Fields, RawMessage},
    order::OrderContent,
    order_id::OrderId,
    timestamp::Timestamp,
};

/// The version of `order.placed` of a new order.
pub const FIRST_VERSION: u32 = 1;

const PROCESS: &str = "order.process";

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
    pub order: OrderContent,
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
        let envelope = Envelope {
            // Not `<order>/<version>`: that is the event's.
            id: format!("{order_id}/{}/process", data.version),
            source: source.into(),
            subject: order_id,
            time,
            traceparent,
        };
        Self { envelope, data: CommandData::Process(data) }
    }

    pub const fn order_id(&self) -> OrderId {
        self.envelope.subject
    }

    /// The stream entry.
    pub fn to_fields(&self) -> Fields {
        let CommandData::Process(data) = &self.data;
        self.envelope.fields(PROCESS, serde_json::to_string(data).expect("plain structs always serialize"))
    }

    /// Reads a stream entry; unknown further fields are left alone, as CloudEvents asks.
    pub fn from_fields(fields: impl IntoIterator<Item = (String, String)>) -> Result<Self, DecodeError> {
        let mut raw = RawMessage::new(fields);
        let envelope = raw.envelope()?;
        match raw.take("type")? {
            message_type if message_type == PROCESS => {
                Ok(Self { envelope, data: CommandData::Process(raw.data()?) })
            }
            message_type => Err(DecodeError::UnknownType(message_type)),
        }
    }
}
