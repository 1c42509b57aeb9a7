//! Reads entries out of replies by hand: the library's own conversions fail on an empty reply, on an entry that was
//! deleted while pending, and on bytes that are not UTF-8. A message that can't be read would stop its stream.

use fred::types::Value;

use crate::{
    entry::{Entry, EntryId},
    error::StreamError,
};

/// The entries of an XREADGROUP of one stream; nothing new is an empty list.
pub(crate) fn read_reply(reply: Value, redelivered: bool) -> Result<Vec<Entry>, StreamError> {
    match reply {
        Value::Null => Ok(Vec::new()),
        reply => {
            // [[stream, entries]]
            let stream = items(reply)?.into_iter().next().ok_or(StreamError::Reply("no stream"))?;
            let listed = items(stream)?.into_iter().nth(1).ok_or(StreamError::Reply("no list of entries"))?;
            entries(listed, redelivered)
        }
    }
}

/// A list of entries: [[id, [name, value, …]], …].
pub(crate) fn entries(list: Value, redelivered: bool) -> Result<Vec<Entry>, StreamError> {
    items(list)?
        .into_iter()
        // XCLAIM of older servers leaves a null where the entry was deleted.
        .filter(|entry| !entry.is_null())
        .map(|entry| {
            let mut parts = items(entry)?.into_iter();
            let id = id(parts.next().unwrap_or(Value::Null))?;
            let fields = match parts.next() {
                None | Some(Value::Null) => None,
                Some(fields) => Some(pairs(fields)?),
            };
            Ok(Entry { id, fields, redelivered })
        })
        .collect()
}

pub(crate) fn id(value: Value) -> Result<EntryId, StreamError> {
    text(value)?.parse().map_err(|_| StreamError::Reply("an id that is none"))
}

pub(crate) fn items(value: Value) -> Result<Vec<Value>, StreamError> {
    match value {
        Value::Array(items) => Ok(items),
        _ => Err(StreamError::Reply("a list was expected")),
    }
}

pub(crate) fn text(value: Value) -> Result<String, StreamError> {
    match value {
        // Not `to_string`, which would go through the formatter.
        Value::String(text) => Ok(String::from(&*text)),
        Value::Bytes(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Value::Integer(number) => Ok(number.to_string()),
        _ => Err(StreamError::Reply("a text was expected")),
    }
}

fn pairs(fields: Value) -> Result<Vec<(String, String)>, StreamError> {
    let mut texts = items(fields)?.into_iter();
    let mut pairs = Vec::with_capacity(texts.len() / 2);
    while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
        pairs.push((text(name)?, text(value)?));
    }
    Ok(pairs)
}

pub(crate) fn number<T: std::str::FromStr>(value: Value) -> Result<T, StreamError> {
    text(value)?.parse().map_err(|_| StreamError::Reply("a number was expected"))
}

/// A list of exactly this many.
pub(crate) fn array<const N: usize>(value: Value) -> Result<[Value; N], StreamError> {
    items(value)?.try_into().map_err(|_| StreamError::Reply("a list of another length was expected"))
}
