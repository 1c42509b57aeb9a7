//! Documented refusals: which problems an operation may answer with, written once beside its handler.
//!
//! ```text
//! documented_refusals! {
//!     /// What can go wrong when an order is placed.
//!     PlaceRefusals { 400 => "The body is not JSON", 503 => "Too many requests at once" }
//! }
//! async fn place(&self) -> Result<JsonAnswer<Order>, Refused<PlaceRefusals>> { … }
//! ```

use std::marker::PhantomData;

use poem_openapi::{
    ApiResponse,
    payload::Payload,
    registry::{MetaHeader, MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry},
};

use super::problem::{Problem, ProblemJson};

/// The statuses of an operation's problems, and when they are given.
pub trait Refusals: Send + Sync + 'static {
    const LIST: &'static [(u16, &'static str)];
}

/// A problem as the error of a handler; `D` says in the document which there are.
#[derive(Debug)]
pub struct Refused<D> {
    problem: Box<Problem>,
    documented: PhantomData<fn() -> D>,
}

impl<D> From<Problem> for Refused<D> {
    fn from(problem: Problem) -> Self {
        Self { problem: Box::new(problem), documented: PhantomData }
    }
}

impl<D> From<Refused<D>> for poem::Error {
    fn from(refused: Refused<D>) -> Self {
        (*refused.problem).into()
    }
}

impl<D: Refusals> ApiResponse for Refused<D> {
    fn meta() -> MetaResponses {
        let response = |(status, description): &(u16, &'static str)| MetaResponse {
            description,
            status: Some(*status),
            status_range: None,
            content: vec![MetaMediaType {
                content_type: ProblemJson::CONTENT_TYPE,
                schema: ProblemJson::schema_ref(),
            }],
            headers: if *status == 503 { vec![retry_after()] } else { Vec::new() },
        };
        MetaResponses { responses: D::LIST.iter().map(response).collect() }
    }

    fn register(registry: &mut Registry) {
        ProblemJson::register(registry);
    }
}

fn retry_after() -> MetaHeader {
    MetaHeader {
        name: "Retry-After".to_owned(),
        description: Some("Seconds after which it is worth trying again".to_owned()),
        required: false,
        deprecated: false,
        schema: MetaSchemaRef::Inline(Box::new(MetaSchema::new_with_format("integer", "int32"))),
    }
}

/// Declares a type that lists an operation's refusals.
#[macro_export]
macro_rules! documented_refusals {
    ($(#[$doc:meta])* $name:ident { $($status:literal => $description:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) enum $name {}

        impl $crate::http::Refusals for $name {
            const LIST: &'static [(u16, &'static str)] = &[$(($status, $description)),+];
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    documented_refusals! {
        /// Two of them.
        Two { 404 => "There is no such order", 503 => "Come back later" }
    }

    #[test]
    fn the_document_lists_them_and_the_answer_is_the_problem() {
        let meta = Refused::<Two>::meta();
        let listed: Vec<_> = meta.responses.iter().map(|response| response.status).collect();
        assert_eq!(listed, [Some(404), Some(503)]);
        assert_eq!(meta.responses[1].headers[0].name, "Retry-After");
        let error: poem::Error = Refused::<Two>::from(Problem::not_found("order_not_found", "none")).into();
        assert_eq!(error.status(), 404);
    }
}
