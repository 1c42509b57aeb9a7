//! The CloudEvents 1.0 attributes that every message carries, one stream field each, around its `data`.

use std::{borrow::Cow, collections::HashMap};

use crate::{order_id::OrderId, timestamp::Timestamp};

/// Field names and values of one stream entry, in the order they are written.
pub type Fields = Vec<(&'static str, String)>;

/// The only CloudEvents version spoken here.
pub const SPEC_VERSION: &str = "1.0";

/// What stands around the data of an event or a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Unique for its source; a message that is sent twice has the same id both times.
    pub id: String,
    /// The service that wrote it, for example `/order-api`.
    pub source: Cow<'static, str>,
    /// The order it is about.
    pub subject: OrderId,
    /// When it happened (an event) or was asked for (a command).
    pub time: Timestamp,
    /// W3C trace context of the work that caused it.
    pub traceparent: Option<String>,
}

/// Why an entry of a stream is not a message. The text is the reason on a dead letter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("field {0} is missing")]
    Missing(&'static str),
    #[error("specversion is {0:?}, not 1.0")]
    SpecVersion(String),
    #[error("unknown type {0:?}")]
    UnknownType(String),
    #[error("field {field} is malformed: {reason}")]
    Malformed { field: &'static str, reason: String },
}

impl DecodeError {
    fn malformed(field: &'static str, reason: impl ToString) -> Self {
        Self::Malformed { field, reason: reason.to_string() }
    }
}

/// The fields of a stream entry as they were read.
pub(crate) struct RawMessage(HashMap<String, String>);

impl RawMessage {
    pub(crate) fn new(fields: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(fields.into_iter().collect())
    }

    pub(crate) fn take(&mut self, field: &'static str) -> Result<String, DecodeError> {
        self.0.remove(field).ok_or(DecodeError::Missing(field))
    }

    pub(crate) fn envelope(&mut self) -> Result<Envelope, DecodeError> {
        let version = self.take("specversion")?;
        if version != SPEC_VERSION {
            return Err(DecodeError::SpecVersion(version));
        }
        Ok(Envelope {
            id: self.take("id")?,
            source: self.take("source")?.into(),
            subject: self
                .take("subject")?
                .parse()
                .map_err(|error| DecodeError::malformed("subject", error))?,
            time: self.take("time")?.parse().map_err(|error| DecodeError::malformed("time", error))?,
            traceparent: self.0.remove("traceparent"),
        })
    }

    pub(crate) fn data<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, DecodeError> {
        serde_json::from_str(&self.take("data")?).map_err(|error| DecodeError::malformed("data", error))
    }
}

impl Envelope {
    /// The entry to write: this envelope, the type and the data.
    pub(crate) fn fields(&self, message_type: &str, data: String) -> Fields {
        let mut fields = Vec::with_capacity(8);
        fields.push(("specversion", SPEC_VERSION.to_owned()));
        fields.push(("id", self.id.clone()));
        fields.push(("source", self.source.clone().into_owned()));
        fields.push(("type", message_type.to_owned()));
        fields.push(("subject", self.subject.to_string()));
        fields.push(("time", self.time.to_string()));
        if let Some(traceparent) = &self.traceparent {
            fields.push(("traceparent", traceparent.clone()));
        }
        fields.push(("data", data));
        fields
    }
}
