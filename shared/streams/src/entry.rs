//! One entry of a stream, and its id.

use std::{fmt, str::FromStr};

/// What Redis numbers entries with: the millisecond of its clock, and a counter within it. Ordered as in the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId {
    pub ms: u64,
    pub seq: u64,
}

impl EntryId {
    /// Before every entry.
    pub const MIN: Self = Self { ms: 0, seq: 0 };

    pub const fn new(ms: u64, seq: u64) -> Self {
        Self { ms, seq }
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}

/// The text is not the id of a stream entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a stream entry, such as 1764000000000-0")]
pub struct InvalidEntryId;

impl FromStr for EntryId {
    type Err = InvalidEntryId;

    fn from_str(text: &str) -> Result<Self, InvalidEntryId> {
        let number = |digits: &str| {
            // `parse` would take a sign.
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|_| plain).ok_or(InvalidEntryId)
        };
        let (ms, seq) = text.split_once('-').ok_or(InvalidEntryId)?;
        Ok(Self { ms: number(ms)?, seq: number(seq)? })
    }
}

/// One delivered entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: EntryId,
    /// `None`: it is still pending, but somebody deleted it from the stream. Acknowledge it and go on.
    pub fields: Option<Vec<(String, String)>>,
    /// It was delivered before, to this consumer or another; work may have been done.
    pub redelivered: bool,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn anything_else_is_no_id() {
        for text in ["", "1", "-", "1-", "-1", "1-2-3", "+1-0", "1-+1", "a-b", "18446744073709551616-0"] {
            assert_eq!(text.parse::<EntryId>(), Err(InvalidEntryId), "{text}");
        }
    }

    proptest! {
        #[test]
        fn ids_are_read_back_and_order_as_in_the_stream(a: (u64, u64), b: (u64, u64)) {
            let (x, y) = (EntryId::new(a.0, a.1), EntryId::new(b.0, b.1));
            prop_assert_eq!(x.to_string().parse::<EntryId>().unwrap(), x);
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
        }
    }
}
