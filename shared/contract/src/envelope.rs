//! The CloudEvents 1.0 attributes that every message carries, one stream field each, around its `data`.

use std::{borrow::Cow, str::FromStr};

use serde::de::DeserializeOwned;

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

/// The fields of a stream entry as they were read, but for those that no message has. Of several with one name the last one
/// counts.
pub(crate) struct RawMessage<T> {
    spec_version: Option<T>,
    id: Option<T>,
    source: Option<T>,
    message_type: Option<T>,
    subject: Option<T>,
    time: Option<T>,
    traceparent: Option<T>,
    data: Option<T>,
}

/// What a message is made of.
pub(crate) struct Parts<T> {
    pub(crate) envelope: Envelope,
    pub(crate) message_type: T,
    data: Option<T>,
}

impl<T: AsRef<str> + Into<String>> RawMessage<T> {
    pub(crate) fn new<N: AsRef<str>>(fields: impl IntoIterator<Item = (N, T)>) -> Self {
        let mut raw = Self {
            spec_version: None,
            id: None,
            source: None,
            message_type: None,
            subject: None,
            time: None,
            traceparent: None,
            data: None,
        };
        for (name, value) in fields {
            let field = match name.as_ref() {
                "specversion" => &mut raw.spec_version,
                "id" => &mut raw.id,
                "source" => &mut raw.source,
                "type" => &mut raw.message_type,
                "subject" => &mut raw.subject,
                "time" => &mut raw.time,
                "traceparent" => &mut raw.traceparent,
                "data" => &mut raw.data,
                _ => continue,
            };
            *field = Some(value);
        }
        raw
    }

    /// The data stays unread until the type is known.
    pub(crate) fn parts(self) -> Result<Parts<T>, DecodeError> {
        let spec_version = there("specversion", self.spec_version)?;
        if spec_version.as_ref() != SPEC_VERSION {
            return Err(DecodeError::SpecVersion(spec_version.into()));
        }
        let envelope = Envelope {
            id: there("id", self.id)?.into(),
            source: Cow::Owned(there("source", self.source)?.into()),
            subject: parsed("subject", self.subject)?,
            time: parsed("time", self.time)?,
            traceparent: self.traceparent.map(Into::into),
        };
        Ok(Parts { envelope, message_type: there("type", self.message_type)?, data: self.data })
    }
}

impl<T: AsRef<str> + Into<String>> Parts<T> {
    pub(crate) fn unknown_type(self) -> DecodeError {
        DecodeError::UnknownType(self.message_type.into())
    }

    pub(crate) fn data<D: DeserializeOwned>(&self) -> Result<D, DecodeError> {
        let data = self.data.as_ref().ok_or(DecodeError::Missing("data"))?;
        serde_json::from_str(data.as_ref()).map_err(|error| DecodeError::malformed("data", error))
    }

    /// The envelope, and the data as it came.
    pub(crate) fn into_envelope_and_data(self) -> (Envelope, String) {
        (self.envelope, self.data.map(Into::into).unwrap_or_default())
    }
}

fn there<T>(field: &'static str, value: Option<T>) -> Result<T, DecodeError> {
    value.ok_or(DecodeError::Missing(field))
}

fn parsed<T: AsRef<str>, P: FromStr<Err: ToString>>(
    field: &'static str,
    value: Option<T>,
) -> Result<P, DecodeError> {
    there(field, value)?.as_ref().parse().map_err(|error| DecodeError::malformed(field, error))
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
