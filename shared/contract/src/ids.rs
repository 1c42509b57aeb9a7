//! Ids that clients choose: who orders, and what. Text once inside; a client may send an integer.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

/// Longest id, in characters.
pub const MAX_ID_CHARS: usize = 200;

/// Why a text is not an id. The messages are for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    #[error("must be a string or an integer")]
    WrongType,
    #[error("must not be empty")]
    Empty,
    #[error("must have at most 200 characters")]
    TooLong,
    #[error("must not contain control characters")]
    ControlCharacter,
}

fn check(text: &str) -> Result<(), InvalidId> {
    if text.is_empty() {
        Err(InvalidId::Empty)
    } else if text.len() > MAX_ID_CHARS && text.chars().nth(MAX_ID_CHARS).is_some() {
        Err(InvalidId::TooLong)
    } else if text.chars().any(char::is_control) {
        Err(InvalidId::ControlCharacter)
    } else {
        Ok(())
    }
}

/// Reads one JSON value: a string, or an integer of any size, whose digits become the text.
fn text_of_json(json: &str) -> Result<String, InvalidId> {
    if json.starts_with('"') {
        return serde_json::from_str(json).map_err(|_| InvalidId::WrongType);
    }
    let digits = json.strip_prefix('-').unwrap_or(json);
    let integer = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if integer { Ok(json.to_owned()) } else { Err(InvalidId::WrongType) }
}

macro_rules! client_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(transparent)]
        pub struct $name(#[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))] String);

        impl $name {
            /// Reads the text of one JSON value, a string or an integer.
            pub fn from_json(json: &str) -> Result<Self, InvalidId> {
                text_of_json(json)?.try_into()
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                check(&text)?;
                Ok(Self(text))
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.to_owned().try_into()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.try_into().map_err(D::Error::custom)
            }
        }
    };
}

client_id!(
    /// The customer who ordered: 1 to 200 characters, none of them a control character.
    UserId
);
client_id!(
    /// One ordered article: 1 to 200 characters, none of them a control character.
    ItemId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_integers_become_text() {
        for (json, text) in [
            ("\"user-1\"", "user-1"),
            ("42", "42"),
            ("-7", "-7"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("\"\\u00e9\"", "é"),
        ] {
            assert_eq!(UserId::from_json(json).unwrap().as_str(), text);
        }
    }

    #[test]
    fn anything_else_is_refused_with_its_reason() {
        let long = format!("\"{}\"", "x".repeat(201));
        for (json, why) in [
            ("1.5", InvalidId::WrongType),
            ("1e3", InvalidId::WrongType),
            ("null", InvalidId::WrongType),
            ("true", InvalidId::WrongType),
            ("[]", InvalidId::WrongType),
            ("{}", InvalidId::WrongType),
            ("\"\"", InvalidId::Empty),
            ("\"a\\u0000b\"", InvalidId::ControlCharacter),
            ("\"a\\nb\"", InvalidId::ControlCharacter),
            (long.as_str(), InvalidId::TooLong),
        ] {
            assert_eq!(ItemId::from_json(json), Err(why), "{json}");
        }
    }

    #[test]
    fn length_counts_characters_not_bytes() {
        assert!("é".repeat(200).parse::<ItemId>().is_ok());
        assert_eq!("é".repeat(201).parse::<ItemId>(), Err(InvalidId::TooLong));
    }
}
