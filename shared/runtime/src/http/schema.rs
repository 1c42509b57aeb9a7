//! How the contract's values look in an OpenAPI document. A service derives `Object` for the structs that
//! describe its bodies, with these as field types; real bodies never pass through them.

use std::borrow::Cow;

use contract::{Money, OrderId, Timestamp, UserId, ids::MAX_ID_CHARS};
use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef, Registry},
    types::{ParseError, ParseFromJSON, ParseFromParameter, ParseResult, ToJSON, Type},
};
use serde::Serialize;
use serde_json::{Value, json};

/// What a schema type of this module needs beside its description: the framework's conversions, through the
/// text of the contract's own type.
macro_rules! schema_type {
    ($(#[$doc:meta])* $name:ident($inner:ty), $openapi:literal, $schema:expr, $to_json:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl From<$inner> for $name {
            fn from(value: $inner) -> Self {
                Self(value)
            }
        }

        impl Type for $name {
            const IS_REQUIRED: bool = true;

            type RawValueType = Self;
            type RawElementValueType = Self;

            fn name() -> Cow<'static, str> {
                $openapi.into()
            }

            fn schema_ref() -> MetaSchemaRef {
                MetaSchemaRef::Inline(Box::new($schema))
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }

            fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
                Box::new(self.as_raw_value().into_iter())
            }
        }

        impl ToJSON for $name {
            fn to_json(&self) -> Option<Value> {
                let to_json: fn(&$inner) -> Value = $to_json;
                Some(to_json(&self.0))
            }
        }

        impl ParseFromJSON for $name {
            fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
                match value.unwrap_or_default() {
                    Value::String(text) => Self::parse_from_parameter(&text),
                    Value::Number(number) => Self::parse_from_parameter(&number.to_string()),
                    other => Err(ParseError::expected_type(other)),
                }
            }
        }

        impl ParseFromParameter for $name {
            fn parse_from_parameter(text: &str) -> ParseResult<Self> {
                text.parse().map(Self).map_err(ParseError::custom)
            }
        }
    };
}

schema_type! {
    /// A point in time, RFC 3339, UTC; also a query parameter.
    Time(Timestamp), "string_date-time",
    MetaSchema {
        example: Some(json!("2026-01-31T09:30:00.000000Z")),
        ..MetaSchema::new_with_format("string", "date-time")
    },
    |time| time.to_string().into()
}

schema_type! {
    /// An amount of money: a JSON number with at most four decimals, exact.
    Amount(Money), "number_amount",
    MetaSchema {
        example: Some(json!(99.99)),
        minimum: Some(0.0),
        // The largest that a float can name.
        maximum: Some(922_337_203_685_477.5),
        multiple_of: Some(0.0001),
        ..MetaSchema::new("number")
    },
    // Only examples pass here, and a float holds the few digits that they have.
    |money| serde_json::to_string(money).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

schema_type! {
    /// The id of an order.
    Id(OrderId), "string_order-id",
    MetaSchema {
        example: Some(json!("ORD-019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b")),
        pattern: Some("^ORD-[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$".to_owned()),
        ..MetaSchema::new("string")
    },
    |id| id.to_string().into()
}

/// Of a user or an item: no control characters.
const REFERENCE: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$";

fn reference() -> MetaSchema {
    MetaSchema {
        min_length: Some(1),
        max_length: Some(MAX_ID_CHARS),
        pattern: Some(REFERENCE.to_owned()),
        ..MetaSchema::new("string")
    }
}

schema_type! {
    /// A user, as a query parameter.
    User(UserId), "string_user",
    reference(),
    |user| user.as_str().into()
}

schema_type! {
    /// A reference that a client may give as a text or a whole number, and gets back as a text.
    Reference(String), "string_or_integer",
    MetaSchema {
        any_of: vec![
            MetaSchemaRef::Inline(Box::new(reference())),
            // Of any size: its digits become the text.
            MetaSchemaRef::Inline(Box::new(MetaSchema::new("integer"))),
        ],
        ..MetaSchema::ANY
    },
    |reference| reference.clone().into()
}

/// A value that is always there and may be `null`.
#[derive(Clone, Debug, PartialEq)]
pub struct Nullable<T>(pub Option<T>);

impl<T: Type> Type for Nullable<T> {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        format!("nullable_{}", T::name()).into()
    }

    fn schema_ref() -> MetaSchemaRef {
        let schema = match T::schema_ref() {
            MetaSchemaRef::Inline(schema) => MetaSchema { nullable: true, ..*schema },
            // OpenAPI 3.0 ignores whatever stands beside a `$ref`.
            reference @ MetaSchemaRef::Reference(_) => {
                MetaSchema { nullable: true, all_of: vec![reference], ..MetaSchema::ANY }
            }
        };
        MetaSchemaRef::Inline(Box::new(schema))
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(self.as_raw_value().into_iter())
    }
}

impl<T: ToJSON> ToJSON for Nullable<T> {
    fn to_json(&self) -> Option<Value> {
        Some(self.0.as_ref().and_then(ToJSON::to_json).unwrap_or_default())
    }
}

impl<T: ParseFromJSON> ParseFromJSON for Nullable<T> {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        match value.unwrap_or_default() {
            Value::Null => Ok(Self(None)),
            value => {
                T::parse_from_json(Some(value)).map(|value| Self(Some(value))).map_err(ParseError::propagate)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_from_what_is_written() {
        let amount = Amount("99.99".parse().unwrap());
        assert_eq!(amount.to_json(), Some(json!(99.99)));
        assert_eq!(Amount::parse_from_json(amount.to_json()).unwrap(), amount);
        let time = Time(Timestamp::from_micros(1_764_000_000_000_001));
        assert_eq!(serde_json::to_value(&time).ok(), time.to_json());
        assert_eq!(Time::parse_from_json(time.to_json()).unwrap(), time);
        assert_eq!(Reference::parse_from_json(Some(json!(42))).unwrap(), Reference("42".into()));
        assert!(Time::parse_from_parameter("yesterday").is_err());
        assert!(Id::parse_from_json(Some(json!(true))).is_err());
        let none = Nullable::<Time>(None);
        assert_eq!(none.to_json(), Some(Value::Null));
        assert_eq!(Nullable::parse_from_json(Some(Value::Null)).unwrap(), none);
        assert_eq!(Nullable::parse_from_json(time.to_json()).unwrap(), Nullable(Some(time)));
    }
}
