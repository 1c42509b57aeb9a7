//! The fields of a JSON body, read one by one: every field that is wrong is named, all of them at once.

use std::fmt::Display;

use runtime::http::{FieldError, Problem, json};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// One field: not there, or some JSON, `null` included.
#[derive(Default)]
pub(super) struct Field<'a>(Option<&'a str>);

impl<'de: 'a, 'a> Deserialize<'de> for Field<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(|raw| Self(Some(raw.get())))
    }
}

impl<'a> Field<'a> {
    pub(super) const fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// Reads the field, which must be there; what is wrong with it goes to `errors`.
    pub(super) fn read<T>(
        &self,
        name: &'static str,
        errors: &mut Vec<FieldError>,
        read: impl FnOnce(&'a str) -> Result<T, Vec<FieldError>>,
    ) -> Option<T> {
        let Some(json) = self.0 else {
            errors.push(FieldError::new(name, "is missing"));
            return None;
        };
        read(json).map_err(|wrong| errors.extend(wrong)).ok()
    }

    /// Reads the field if it is there. `null` is there, and wrong: who writes it may have meant something.
    pub(super) fn optional<T, E: Display>(
        &self,
        name: &'static str,
        errors: &mut Vec<FieldError>,
        read: impl FnOnce(&'a str) -> Result<T, E>,
    ) -> Option<T> {
        read(self.0?).map_err(|wrong| errors.push(FieldError::new(name, wrong.to_string()))).ok()
    }
}

/// Parses a JSON object; serde would also take the fields from a list, by their places.
pub(super) fn object<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Problem> {
    let parsed = json::parse(body)?;
    if body.trim_ascii_start().starts_with(b"{") {
        Ok(parsed)
    } else {
        Err(Problem::validation(vec![FieldError::new("body", "must be an object")]))
    }
}

/// A JSON string.
pub(super) fn text(json: &str) -> Result<String, &'static str> {
    serde_json::from_str(json).map_err(|_| "must be a string")
}

/// `true` or `false`.
pub(super) fn boolean(json: &str) -> Result<bool, &'static str> {
    json.parse().map_err(|_| "must be true or false")
}
