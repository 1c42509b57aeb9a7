//! The `Idempotency-Key` of a request.

use runtime::http::Problem;
use sha2::{Digest, Sha256};

const MAX_KEY_BYTES: usize = 255;

/// A key that can be stored: 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IdempotencyKey(String);

impl IdempotencyKey {
    /// # Errors
    /// 400 when the header is there and is no key.
    pub(super) fn of(header: Option<String>) -> Result<Option<Self>, Problem> {
        let Some(key) = header else { return Ok(None) };
        let valid =
            (1..=MAX_KEY_BYTES).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
        if valid {
            Ok(Some(Self(key)))
        } else {
            Err(Problem::bad_request(
                "invalid_idempotency_key",
                "Idempotency-Key must be 1 to 255 visible ASCII characters",
            ))
        }
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}

/// What a key stands for: the route and the body, byte for byte.
pub(super) fn fingerprint(route: &str, body: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(route).chain_update([0]).chain_update(body).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_visible_ascii_is_a_key() {
        let key = |text: &str| IdempotencyKey::of(Some(text.to_owned()));
        assert_eq!(IdempotencyKey::of(None), Ok(None));
        assert!(key("basket-17").unwrap().is_some() && key(&"x".repeat(255)).unwrap().is_some());
        for text in ["", "two words", "tab\t", "ü", &"x".repeat(256)] {
            assert_eq!(key(text).unwrap_err().code, "invalid_idempotency_key", "{text}");
        }
    }

    #[test]
    fn route_and_body_both_count() {
        assert_eq!(fingerprint("a", b"b"), fingerprint("a", b"b"));
        assert_ne!(fingerprint("a", b"b"), fingerprint("a", b"c"));
        assert_ne!(fingerprint("ab", b"c"), fingerprint("a", b"bc"));
    }
}
