//! A JSON answer whose document and whose bytes come from different types.

use std::marker::PhantomData;

use bytes::Bytes;
use poem::{IntoResponse, Response};
use poem_openapi::{
    ApiResponse,
    payload::Payload,
    registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchemaRef, Registry},
    types::Type,
};
use serde::Serialize;

/// Bytes of JSON, documented as `S`.
#[derive(Clone, Debug)]
pub struct JsonAnswer<S> {
    body: Bytes,
    schema: PhantomData<fn() -> S>,
}

impl<S> JsonAnswer<S> {
    /// Serialises `value`, which `S` describes.
    ///
    /// # Panics
    /// When the value can't be JSON (a map whose keys are no strings): a mistake in the program.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Self {
        Self::from_bytes(serde_json::to_vec(value).expect("an answer can be written as JSON").into())
    }

    /// Sends what was serialised before, byte for byte.
    pub const fn from_bytes(body: Bytes) -> Self {
        Self { body, schema: PhantomData }
    }

    /// The bytes that will be sent, to be kept for a repeated request.
    pub const fn bytes(&self) -> &Bytes {
        &self.body
    }
}

impl<S: Type> Payload for JsonAnswer<S> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn schema_ref() -> MetaSchemaRef {
        S::schema_ref()
    }

    fn register(registry: &mut Registry) {
        S::register(registry);
    }
}

impl<S: Send> IntoResponse for JsonAnswer<S> {
    fn into_response(self) -> Response {
        Response::builder().content_type("application/json").body(self.body)
    }
}

/// As the whole answer of a handler, with status 200.
impl<S: Type> ApiResponse for JsonAnswer<S> {
    fn meta() -> MetaResponses {
        let content = vec![MetaMediaType { content_type: Self::CONTENT_TYPE, schema: Self::schema_ref() }];
        let response = MetaResponse {
            description: "Here it is",
            status: Some(200),
            status_range: None,
            content,
            headers: vec![],
        };
        MetaResponses { responses: vec![response] }
    }

    fn register(registry: &mut Registry) {
        S::register(registry);
    }
}
