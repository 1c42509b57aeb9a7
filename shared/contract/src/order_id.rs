//! The id of an order: `ORD-` and a UUIDv7. It grows with time, so it is also the key that lists page by.

use std::{fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
};
use uuid::Uuid;

use crate::timestamp::Timestamp;

const PREFIX: &str = "ORD-";

/// `ORD-` and a UUIDv7 in lower-case hyphenated form, for example
/// `ORD-019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(Uuid);

/// The text is not the id of any order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an order id: expected ORD- and a UUIDv7 in lower case")]
pub struct InvalidOrderId;

impl OrderId {
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    pub const fn as_uuid(self) -> Uuid {
        self.0
    }

    /// When the order was accepted, in microseconds: the id's milliseconds, and the twelve bits behind them as the fraction
    /// below (RFC 9562, section 6.2, method 3).
    pub fn time(self) -> Timestamp {
        let bits = self.0.as_u128();
        let (millis, fraction) = ((bits >> 80) as i64, ((bits >> 64) & 0xfff) as i64);
        Timestamp::from_micros(millis * 1_000 + fraction * 1_000 / 4_096)
    }

    /// The smallest id of this time or later: an id is not below it exactly if its [`time`](Self::time) is not. Times
    /// before 1970 count as 1970, for no id is older.
    pub fn first_at(time: Timestamp) -> Self {
        let micros = time.as_micros().max(0) as u64;
        let millis = (micros / 1_000).min((1 << 48) - 1);
        let fraction = (micros % 1_000 * 4_096).div_ceil(1_000);
        let ticks = u128::from(millis << 12 | fraction);
        Self(Uuid::from_u128((ticks >> 12) << 80 | 0x7 << 76 | (ticks & 0xfff) << 64 | 0b10 << 62))
    }

    /// The partition that this order's messages live in: CRC-32 of the id's 16 bytes, modulo the count.
    pub fn partition(self, partitions: u16) -> u16 {
        // A checksum rather than a hasher: it must never change between versions of a library.
        (crc32fast::hash(self.0.as_bytes()) % u32::from(partitions.max(1))) as u16
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buffer = [0; uuid::fmt::Hyphenated::LENGTH];
        f.write_str(PREFIX)?;
        f.write_str(self.0.hyphenated().encode_lower(&mut buffer))
    }
}

impl FromStr for OrderId {
    type Err = InvalidOrderId;

    /// Takes the one form that is ever given out; no other spelling of the same UUID is an order id.
    fn from_str(text: &str) -> Result<Self, InvalidOrderId> {
        let uuid = text.strip_prefix(PREFIX).ok_or(InvalidOrderId)?;
        let canonical = uuid.len() == uuid::fmt::Hyphenated::LENGTH
            && !uuid.bytes().any(|byte| byte.is_ascii_uppercase());
        if !canonical {
            return Err(InvalidOrderId);
        }
        let uuid = Uuid::try_parse(uuid).map_err(|_| InvalidOrderId)?;
        if uuid.get_version_num() == 7 { Ok(Self(uuid)) } else { Err(InvalidOrderId) }
    }
}

impl Serialize for OrderId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OrderId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

/// Reads the text where it is.
struct Text;

impl Visitor<'_> for Text {
    type Value = OrderId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an order id")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<OrderId, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "ORD-019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b";

    #[test]
    fn the_one_form_is_read_and_written() {
        assert_eq!(TEXT.parse::<OrderId>().unwrap().to_string(), TEXT);
    }

    #[test]
    fn any_other_form_is_not_an_id() {
        for text in [
            "",
            "ORD-",
            "1",
            "metrics",
            "status",
            "019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b",
            "ord-019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b",
            "ORD-019A1B2C-3D4E-7F50-8A6B-7C8D9E0F1A2B",
            "ORD-019a1b2c3d4e7f508a6b7c8d9e0f1a2b",
            "ORD-{019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b}",
            "ORD-019a1b2c-3d4e-4f50-8a6b-7c8d9e0f1a2b",
            "ORD-019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b ",
        ] {
            assert_eq!(text.parse::<OrderId>(), Err(InvalidOrderId), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn ids_compare_as_their_times_do(a: u128, micros in 0i64..253_402_000_000_000_000, near in -2i64..2) {
            let id = |bits: u128| OrderId(uuid::Builder::from_u128(bits).with_version(uuid::Version::SortRand).into_uuid());
            let first = OrderId::first_at(Timestamp::from_micros(micros));
            proptest::prop_assert_eq!(first.time().as_micros(), micros);
            proptest::prop_assert_eq!(first.to_string().parse::<OrderId>(), Ok(first));
            // The neighbours differ in the lowest bits of the fraction, where an error would be.
            let neighbour = first.as_uuid().as_u128().wrapping_add_signed(i128::from(near) << 64);
            for other in [id(neighbour), id(a)] {
                proptest::prop_assert_eq!(other >= first, other.time() >= first.time());
            }
        }
    }

    #[test]
    fn the_partition_of_an_id_never_changes() {
        let id: OrderId = TEXT.parse().unwrap();
        assert_eq!(id.partition(1), 0);
        assert_eq!([id.partition(4), id.partition(16), id.partition(1000)], [0, 12, 972]);
    }
}
