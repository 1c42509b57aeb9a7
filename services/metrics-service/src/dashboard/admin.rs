//! The one right that the dashboard can be given: to have dead letters sent again.

use std::fmt;

use serde::Deserialize;
use subtle::ConstantTimeEq as _;

/// A shorter one could be guessed.
pub(crate) const SHORTEST_ADMIN_KEY: usize = 16;

/// What a person types into the page to be let do more than look. Never shown, not even by a panic.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct AdminKey(String);

impl AdminKey {
    /// Nobody may do more than look.
    pub(crate) fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn is_none_or_long_enough(&self) -> bool {
        self.is_none() || self.0.chars().count() >= SHORTEST_ADMIN_KEY
    }

    /// Takes as long for a key that is nearly right as for one that is all wrong.
    pub(crate) fn is(&self, given: &str) -> bool {
        !self.is_none() && bool::from(self.0.as_bytes().ct_eq(given.as_bytes()))
    }
}

impl From<&str> for AdminKey {
    fn from(key: &str) -> Self {
        Self(key.to_owned())
    }
}

impl fmt::Debug for AdminKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_none() { "AdminKey(none)" } else { "AdminKey(***)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_is_the_key_and_no_key_lets_nobody_in() {
        let key = AdminKey::from("correct horse battery");
        assert!(key.is("correct horse battery"));
        for wrong in ["", "correct horse batterz", "correct horse batter", "correct horse battery "] {
            assert!(!key.is(wrong), "{wrong}");
        }
        assert!(!AdminKey::from("").is(""));
    }

    #[test]
    fn it_is_never_shown() {
        assert_eq!(format!("{:?}", AdminKey::from("correct horse battery")), "AdminKey(***)");
    }
}
