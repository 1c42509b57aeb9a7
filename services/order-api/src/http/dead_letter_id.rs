//! The id of a dead letter: the partition it is in, and the id of its entry there.

use std::{fmt, str::FromStr};

use streams::{EntryId, dead::DeadLetter};

/// `<partition>:<entry id>`, for example `0:1764000000000-0`. Ordered by time, whatever the partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct DeadLetterId {
    pub(super) entry: EntryId,
    pub(super) partition: u16,
}

/// The text is the id of no dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a dead letter, such as 0:1764000000000-0")]
pub(super) struct InvalidDeadLetterId;

impl DeadLetterId {
    pub(super) const fn of(letter: &DeadLetter) -> Self {
        Self { entry: letter.id, partition: letter.partition }
    }

    /// Whatever comes after this one in a list of all partitions comes, in this partition, after the entry returned; `None`:
    /// nothing can come any more.
    pub(super) fn entry_before(self, partition: u16) -> Option<EntryId> {
        let EntryId { ms, seq } = self.entry;
        if partition > self.partition {
            // An entry with the same id is still to come.
            return Some(match (ms.checked_sub(1), seq.checked_sub(1)) {
                (_, Some(seq)) => EntryId::new(ms, seq),
                (Some(ms), None) => EntryId::new(ms, u64::MAX),
                (None, None) => EntryId::MIN,
            });
        }
        (self.entry != EntryId::new(u64::MAX, u64::MAX)).then_some(self.entry)
    }
}

impl fmt::Display for DeadLetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.partition, self.entry)
    }
}

impl FromStr for DeadLetterId {
    type Err = InvalidDeadLetterId;

    /// Takes the one form that is ever given out.
    fn from_str(text: &str) -> Result<Self, InvalidDeadLetterId> {
        let (partition, entry) = text.split_once(':').ok_or(InvalidDeadLetterId)?;
        let partition = partition.parse().map_err(|_| InvalidDeadLetterId)?;
        let entry = entry.parse().map_err(|_| InvalidDeadLetterId)?;
        let id = Self { entry, partition };
        if id.to_string() == text { Ok(id) } else { Err(InvalidDeadLetterId) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn any_other_form_is_no_id() {
        for text in [
            "",
            ":",
            "0:",
            ":1-0",
            "0:1",
            "00:1-0",
            "+0:1-0",
            "0:01-0",
            "65536:1-0",
            "-1:1-0",
            "0:1-0 ",
            "0:0:1-0",
        ] {
            assert_eq!(text.parse::<DeadLetterId>(), Err(InvalidDeadLetterId), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}") {
            let _ = text.parse::<DeadLetterId>();
        }

        /// What a page begins after is, in each partition, exactly what comes after the last of the page before.
        #[test]
        fn pages_neither_skip_nor_repeat(
            last in (0u16..3, prop_oneof![0u64..3, Just(u64::MAX)], prop_oneof![0u64..3, Just(u64::MAX)]),
            other in (0u16..3, prop_oneof![0u64..3, Just(u64::MAX)], prop_oneof![0u64..3, Just(u64::MAX)]),
        ) {
            let id = |(partition, ms, seq)| DeadLetterId { entry: EntryId::new(ms, seq), partition };
            let (last, other) = (id(last), id(other));
            prop_assert_eq!(other.to_string().parse::<DeadLetterId>(), Ok(other));
            // Redis gives out no entry 0-0.
            prop_assume!(other.entry != EntryId::MIN);
            let listed = last.entry_before(other.partition).is_some_and(|entry| other.entry > entry);
            prop_assert_eq!(listed, other > last);
        }
    }
}
