//! A JSON request body as a documented parameter of a handler.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use poem::{
    Body, Request, RequestBody,
    http::{StatusCode, header},
};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    payload::{ParsePayload, Payload},
    registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef, Registry},
    types::Type,
};

use crate::http::{context, document, problem::Problem, refusal};

/// A type that a handler takes from a JSON body.
pub trait FromJsonBody: Sized + Send {
    /// What the OpenAPI document shows.
    type Schema: Type;

    /// Whether the larger bound applies, for bodies that carry many orders.
    const BULK: bool = false;

    /// Adds to the schema what can't be derived.
    fn describe(_schema: &mut MetaSchema) {}

    /// Parses the whole body; see [`parse`](super::parse()). The problem names the field that is wrong.
    fn from_json(body: &[u8]) -> Result<Self, Problem>;
}

/// The parsed body and the bytes it came from (to be compared with those of another request).
#[derive(Clone, Debug)]
pub struct JsonBody<T> {
    pub value: T,
    pub bytes: Bytes,
}

impl<T: FromJsonBody> Payload for JsonBody<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn check_content_type(content_type: &str) -> bool {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        let Some((kind, subtype)) = media_type.split_once('/') else { return false };
        let json = subtype.eq_ignore_ascii_case("json")
            || subtype.rsplit_once('+').is_some_and(|(_, suffix)| suffix.eq_ignore_ascii_case("json"));
        kind.eq_ignore_ascii_case("application") && json
    }

    fn schema_ref() -> MetaSchemaRef {
        T::Schema::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::Schema::register(registry);
        if let Some(schema) = registry.schemas.get_mut(&*T::Schema::name()) {
            // A field that is misspelt must not be passed over.
            schema.additional_properties = Some(Box::new(document::nothing()));
            T::describe(schema);
        }
    }
}

impl<T: FromJsonBody> ParsePayload for JsonBody<T> {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, body: &mut RequestBody) -> poem::Result<Self> {
        let limits = context::body_limits();
        let max_bytes = if T::BULK { limits.max_bulk_bytes } else { limits.max_bytes };
        let reading = read(request, body.take()?, max_bytes);
        let late = |_| {
            Problem::new(StatusCode::REQUEST_TIMEOUT, "body_timeout")
                .with_detail("the body did not arrive in time")
        };
        let bytes = tokio::time::timeout(limits.timeout, reading).await.map_err(late)??;
        Ok(Self { value: T::from_json(&bytes)?, bytes })
    }
}

impl<'a, T: FromJsonBody> ApiExtractor<'a> for JsonBody<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        <Self as Payload>::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Some(MetaRequest {
            description: None,
            content: vec![MetaMediaType { content_type: Self::CONTENT_TYPE, schema: Self::schema_ref() }],
            required: Self::IS_REQUIRED,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<Self::ParamType>,
    ) -> poem::Result<Self> {
        if !request.content_type().is_some_and(Self::check_content_type) {
            return Err(refusal::unsupported_media_type().into());
        }
        <Self as ParsePayload>::from_request(request, body).await
    }
}

/// The whole body, or 413 as soon as it is known to be too large.
async fn read(request: &Request, body: Body, max_bytes: usize) -> Result<Bytes, Problem> {
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let too_large = || {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large")
            .with_detail(format!("the body must have at most {max_bytes} bytes"))
    };
    let mut chunks = body.into_bytes_stream();
    // A client that waits for `100 Continue` gets the answer instead, and sends nothing.
    let waits = request.headers().contains_key(header::EXPECT);
    if announced.is_some_and(|length| length > max_bytes) && waits {
        return Err(too_large());
    }
    let mut whole = Bytes::new();
    let mut joined = BytesMut::new();
    let mut received = 0_usize;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::bad_request("unreadable_body", "the body broke off"))?;
        received += chunk.len();
        if received > max_bytes || announced.is_some_and(|length| length > max_bytes) {
            // Thrown away up to a point, because a client that is still sending does not see our answer
            // when the connection is closed under it.
            if received > max_bytes.saturating_mul(4) {
                return Err(too_large());
            }
        } else if whole.is_empty() && joined.is_empty() {
            // Nearly every body comes in one piece, and is parsed where it lies.
            whole = chunk;
        } else {
            if joined.is_empty() {
                joined.reserve(announced.unwrap_or(received * 2).min(max_bytes));
                joined.extend_from_slice(&std::mem::take(&mut whole));
            }
            joined.extend_from_slice(&chunk);
        }
    }
    match () {
        () if received > max_bytes => Err(too_large()),
        () if joined.is_empty() => Ok(whole),
        () => Ok(joined.freeze()),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use poem_openapi::types::Any;

    use super::*;

    struct Anything;

    impl FromJsonBody for Anything {
        type Schema = Any<serde_json::Value>;

        fn from_json(_: &[u8]) -> Result<Self, Problem> {
            Ok(Self)
        }
    }

    #[test]
    fn only_json_is_json() {
        for media_type in ["application/json", "Application/JSON; charset=utf-8", "application/ld+json"] {
            assert!(JsonBody::<Anything>::check_content_type(media_type), "{media_type}");
        }
        for media_type in ["", "text/json", "application/jsonx", "application/xml", "json"] {
            assert!(!JsonBody::<Anything>::check_content_type(media_type), "{media_type}");
        }
    }

    fn pieces(pieces: &'static [&'static str]) -> Body {
        Body::from_bytes_stream(stream::iter(
            pieces.iter().map(|piece| Ok::<_, std::io::Error>(Bytes::from(*piece))),
        ))
    }

    #[tokio::test]
    async fn pieces_are_joined_up_to_the_bound() {
        let request = Request::default();
        assert_eq!(read(&request, pieces(&["abc", "def", "g"]), 7).await.unwrap(), "abcdefg");
        assert_eq!(read(&request, pieces(&["abc"]), 3).await.unwrap(), "abc");
        assert_eq!(read(&request, Body::empty(), 3).await.unwrap(), "");
        let refused = read(&request, pieces(&["abc", "def"]), 5).await.unwrap_err();
        assert_eq!((refused.status.as_u16(), refused.code), (413, "body_too_large"));
    }
}
