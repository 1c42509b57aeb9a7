//! Every refusal is an RFC 9457 problem with a stable `code`. Two messages in an error: what the client may
//! know is in the problem, what we must know goes to the log; a 5xx never carries internals.

use std::{error::Error, fmt};

use poem::{
    IntoResponse, Response,
    error::ResponseError,
    http::{HeaderValue, StatusCode, header},
};
use poem_openapi::{
    Object,
    payload::Payload,
    registry::{MetaSchemaRef, Registry},
    types::Type,
};
use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::context;

pub const CONTENT_TYPE: &str = "application/problem+json";

/// Why a request was refused, as the client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub status: StatusCode,
    /// Names the reason for programs; never changes once given out.
    pub code: &'static str,
    /// Says it for people; may change.
    pub detail: Option<String>,
    /// For each field that is wrong, which and why.
    pub errors: Vec<FieldError>,
    /// After how many seconds it may be worth trying again.
    pub retry_after_secs: Option<u32>,
    /// The methods that the path has, for 405.
    pub(super) allow: Option<HeaderValue>,
}

/// One wrong field: its path in the body (`items[3].id`) or the name of the parameter, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Object)]
pub struct FieldError {
    /// The path of the field in the body, or the name of the parameter
    #[oai(validator(max_length = 256))]
    pub field: String,
    /// What is wrong with it
    #[oai(validator(max_length = 1024))]
    pub message: String,
}

impl FieldError {
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

impl Problem {
    pub const fn new(status: StatusCode, code: &'static str) -> Self {
        Self { status, code, detail: None, errors: Vec::new(), retry_after_secs: None, allow: None }
    }

    pub fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code).with_detail(detail)
    }

    pub fn not_found(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code).with_detail(detail)
    }

    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code).with_detail(detail)
    }

    pub fn unprocessable(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code).with_detail(detail)
    }

    /// 422 `validation_failed`, naming each field.
    pub fn validation(errors: Vec<FieldError>) -> Self {
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        let detail = format!("not valid: {}", fields.join(", "));
        Self { errors, ..Self::unprocessable("validation_failed", detail) }
    }

    /// 400 `invalid_parameter`, naming the parameter of the path or the query.
    pub fn invalid_parameter(name: &str, reason: impl Into<String>) -> Self {
        let errors = vec![FieldError::new(name, reason)];
        Self { errors, ..Self::bad_request("invalid_parameter", format!("not valid: {name}")) }
    }

    /// 503 `overloaded`: our queues are full; the request was not begun.
    pub fn overloaded() -> Self {
        Self::unavailable("overloaded", "more requests than can be served now; try again shortly")
    }

    /// 503 with `Retry-After: 1`: something that we need does not answer.
    pub fn unavailable(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code).with_detail(detail).with_retry_after(1)
    }

    /// 500 `internal_error`, with nothing said about why. Log the reason, or use [`internal_from`](Self::internal_from).
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error")
            .with_detail("something went wrong on our side; the request id finds it in our log")
    }

    /// 500 `internal_error`; the reason goes to the log, with the request's id.
    pub fn internal_from(reason: &(dyn Error + 'static)) -> Self {
        log_internal(&crate::lifecycle::chain(reason));
        Self::internal()
    }

    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    pub const fn with_retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_secs = Some(seconds);
        self
    }

    /// The problem in JSON, as it is sent.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a problem holds only texts and numbers")
    }
}

pub(super) fn log_internal(reason: &str) {
    let request_id = context::request_id().unwrap_or_default();
    tracing::error!(request_id, "request failed: {}", crate::redact::redact_url(reason));
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status.as_u16(), self.code)?;
        self.detail.as_ref().map_or(Ok(()), |detail| write!(f, ": {detail}"))
    }
}

impl Error for Problem {}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Problem", 7)?;
        object.serialize_field("type", &format_args!("urn:orderflow:problem:{}", self.code))?;
        object.serialize_field("title", self.status.canonical_reason().unwrap_or("Error"))?;
        object.serialize_field("status", &self.status.as_u16())?;
        object.serialize_field("code", self.code)?;
        if let Some(detail) = &self.detail {
            object.serialize_field("detail", detail)?;
        }
        if !self.errors.is_empty() {
            object.serialize_field("errors", &self.errors)?;
        }
        if let Some(request_id) = context::request_id() {
            object.serialize_field("request_id", &request_id)?;
        }
        object.end()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = self.to_json();
        let mut response = Response::builder().status(self.status).content_type(CONTENT_TYPE).body(body);
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after_secs {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(methods) = self.allow {
            headers.insert(header::ALLOW, methods);
        }
        response
    }
}

impl ResponseError for Problem {
    fn status(&self) -> StatusCode {
        self.status
    }

    fn as_response(&self) -> Response {
        self.clone().into_response()
    }
}

/// A problem as a documented answer: `#[oai(status = 404)] NotFound(ProblemJson)`. The status that is sent is
/// the variant's.
#[derive(Clone, Debug)]
pub struct ProblemJson(pub Problem);

impl From<Problem> for ProblemJson {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for ProblemJson {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl Payload for ProblemJson {
    const CONTENT_TYPE: &'static str = CONTENT_TYPE;

    fn schema_ref() -> MetaSchemaRef {
        ProblemSchema::schema_ref()
    }

    fn register(registry: &mut Registry) {
        ProblemSchema::register(registry);
    }
}

/// Why a request was refused (RFC 9457)
#[derive(Clone, Debug, Object)]
#[oai(rename = "Problem", skip_serializing_if_is_none, skip_serializing_if_is_empty)]
pub struct ProblemSchema {
    /// Identifies the kind of problem
    pub r#type: String,
    /// The status in words
    pub title: String,
    /// The HTTP status
    pub status: u16,
    /// Names the reason for programs; never changes once given out
    pub code: String,
    /// Says it for people; may change
    pub detail: Option<String>,
    /// For each field that is wrong, which and why
    #[oai(default)]
    pub errors: Vec<FieldError>,
    /// The request's id, as in the X-Request-Id header
    pub request_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use poem_openapi::types::ParseFromJSON;
    use serde_json::{Value, json};

    use super::*;

    #[tokio::test]
    async fn a_problem_is_rfc_9457() {
        let problem = Problem::validation(vec![FieldError::new("total_amount", "must not be negative")]);
        let response = problem.into_response();
        assert_eq!(response.status(), 422);
        assert_eq!(response.content_type(), Some("application/problem+json"));
        let body: Value = response.into_body().into_json().await.unwrap();
        assert_eq!(
            body,
            json!({
                "type": "urn:orderflow:problem:validation_failed",
                "title": "Unprocessable Entity",
                "status": 422,
                "code": "validation_failed",
                "detail": "not valid: total_amount",
                "errors": [{"field": "total_amount", "message": "must not be negative"}],
            })
        );
        ProblemSchema::parse_from_json(Some(body)).unwrap();
    }

    #[test]
    fn overload_says_when_to_come_back() {
        let response = Problem::overloaded().into_response();
        assert_eq!((response.status().as_u16(), response.header("retry-after")), (503, Some("1")));
    }

    #[tokio::test]
    async fn an_internal_error_says_nothing_of_why() {
        let reason = std::io::Error::other("no such table: orders at /var/lib");
        let body = Problem::internal_from(&reason).into_response().into_body().into_string().await.unwrap();
        assert!(!body.contains("table") && !body.contains("/var"), "{body}");
    }
}
