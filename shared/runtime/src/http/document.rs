//! The OpenAPI document, with what the framework has no words for: `additionalProperties: false`. Bodies with fields that nobody
//! knows are refused, and the document has to say so.

use poem_openapi::{
    OpenApi, OpenApiService, Webhook,
    registry::{MetaSchema, MetaSchemaRef},
};

/// As the framework prints it in a named schema.
const STAND_IN: &str = "{\n          \"type\": \"nothing\"\n        }";

/// Stands for `false` as the `additional_properties` of a named schema.
pub(super) fn nothing() -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(MetaSchema::new("nothing")))
}

/// The document of a service.
pub fn document<T: OpenApi, W: Webhook>(service: &OpenApiService<T, W>) -> String {
    in_words(&service.spec())
}

/// A text that has the document in it.
pub(super) fn in_words(text: &str) -> String {
    text.replace(STAND_IN, "false")
}
