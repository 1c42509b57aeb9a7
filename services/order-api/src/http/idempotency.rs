//! The `Idempotency-Key` of a request.

use poem::{
    Request, RequestBody,
    http::{HeaderMap, HeaderName},
};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaParamIn, MetaSchema, MetaSchemaRef},
};
use runtime::http::Problem;
use sha2::{Digest, Sha256};

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
const MAX_KEY_BYTES: usize = 255;

/// A key that can be stored: 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads the header itself: the framework takes one that is no text for none, and a repeat would be an order.
    ///
    /// # Errors
    /// 400 when the header is there, and is no key or more than one.
    pub(super) fn of(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let mut values = headers.get_all(HEADER).iter();
        let Some(value) = values.next() else { return Ok(None) };
        let valid = values.next().is_none()
            && (1..=MAX_KEY_BYTES).contains(&value.len())
            && value.as_bytes().iter().all(u8::is_ascii_graphic);
        match value.to_str() {
            Ok(key) if valid => Ok(Some(Self(key.to_owned()))),
            _ => Err(Problem::bad_request(
                "invalid_idempotency_key",
                "Idempotency-Key must be given once, with 1 to 255 visible ASCII characters",
            )),
        }
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}

/// The header as a parameter of a handler, and of the document.
pub(super) struct OptionalKey(pub(super) Option<IdempotencyKey>);

impl<'a> ApiExtractor<'a> for OptionalKey {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];

    type ParamType = String;
    type ParamRawType = String;

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Header)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(MetaSchemaRef::Inline(Box::new(MetaSchema {
            min_length: Some(1),
            max_length: Some(MAX_KEY_BYTES),
            pattern: Some("^[!-~]+$".to_owned()),
            ..MetaSchema::new("string")
        })))
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<String>,
    ) -> poem::Result<Self> {
        Ok(Self(IdempotencyKey::of(request.headers())?))
    }
}

/// What a key stands for: the route and the body, byte for byte.
pub(super) fn fingerprint(route: &str, body: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(route).chain_update([0]).chain_update(body).finalize().into()
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::*;

    #[test]
    fn only_visible_ascii_is_a_key() {
        let key = |values: &[&[u8]]| {
            let values = values.iter().map(|value| (HEADER, HeaderValue::from_bytes(value).unwrap()));
            IdempotencyKey::of(&values.collect())
        };
        assert_eq!(key(&[]), Ok(None));
        assert!(key(&[b"basket-17"]).unwrap().is_some() && key(&[&[b'x'; 255]]).unwrap().is_some());
        for values in
            [&[&b""[..]][..], &[b"two words"], &[b"tab\t"], &[&[0xff]], &[&[b'x'; 256]], &[b"one", b"two"]]
        {
            assert_eq!(key(values).unwrap_err().code, "invalid_idempotency_key", "{values:?}");
        }
    }

    #[test]
    fn route_and_body_both_count() {
        assert_eq!(fingerprint("a", b"b"), fingerprint("a", b"b"));
        assert_ne!(fingerprint("a", b"b"), fingerprint("a", b"c"));
        assert_ne!(fingerprint("ab", b"c"), fingerprint("a", b"bc"));
    }
}
