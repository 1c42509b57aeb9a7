//! Every request has an id, the client's own where it is sane, else a new one. It is in the answer's
//! `X-Request-Id`, in problems and in the span, so that a complaint can be matched with a log line.

use poem::http::{HeaderMap, HeaderName, HeaderValue};

pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Visible ASCII, at most 128 bytes.
#[derive(Clone, Debug)]
pub(super) struct RequestId(HeaderValue);

impl RequestId {
    /// The client's id, or a new one where there is none or it can't be trusted in a log line.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let sane = |value: &&HeaderValue| {
            (1..=128).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic)
        };
        headers.get(X_REQUEST_ID).filter(sane).map_or_else(Self::new, |value| Self(value.clone()))
    }

    /// 64 random bits: enough to be unique in any log that is still kept.
    fn new() -> Self {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut random = fastrand::u64(..);
        let mut text = [0; 16];
        for digit in &mut text {
            *digit = HEX[(random & 0xf) as usize];
            random >>= 4;
        }
        Self(HeaderValue::from_bytes(&text).expect("hexadecimal digits are a header value"))
    }

    pub(super) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    pub(super) fn into_header(self) -> HeaderValue {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &[u8]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(X_REQUEST_ID, HeaderValue::from_bytes(value).unwrap());
        RequestId::of(&headers).as_str().to_owned()
    }

    #[test]
    fn a_sane_id_is_kept_and_any_other_replaced() {
        assert_eq!(of(b"req-42/a"), "req-42/a");
        assert_eq!(of(&[b'x'; 128]).len(), 128);
        for hostile in [&b""[..], b"two words", b"tab\there", &[0xff, 0xfe], &[b'x'; 129]] {
            let id = of(hostile);
            assert_eq!(id.len(), 16, "{id}");
            assert!(id.bytes().all(|byte| byte.is_ascii_hexdigit()));
        }
        assert_ne!(RequestId::new().as_str(), RequestId::new().as_str());
    }
}
