//! Refusals as sentences. The services answer with problem documents (RFC 9457); whatever else answers is probably not one of
//! them.

use std::fmt::Write;

use reqwest::{StatusCode, header::HeaderMap};
use runtime::Service;
use serde::Deserialize;

use crate::exit::{Exit, Failure};

#[derive(Deserialize)]
struct Problem {
    code: String,
    detail: Option<String>,
    #[serde(default)]
    errors: Vec<FieldError>,
    request_id: Option<String>,
}

#[derive(Deserialize)]
struct FieldError {
    field: String,
    message: String,
}

/// The sentence for a refusal, and for each wrong field a line.
pub(crate) fn failure(
    service: Service,
    url: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Failure {
    let problem = serde_json::from_slice::<Problem>(body).ok();
    // Each service answers like this for the paths of the others.
    let Some(problem) = problem.filter(|problem| problem.code != "route_not_found") else {
        let exit = if exit(status) == Exit::Unavailable { Exit::Unavailable } else { Exit::Failed };
        return Failure::new(
            exit,
            format!(
                "{url} answered {status}, and not as {service} would: is it that? {} says where it is.",
                option(service)
            ),
        );
    };
    // Writing to a String does not fail.
    let mut message = problem.detail.unwrap_or_else(|| status.to_string());
    let _ = write!(message, " ({})", problem.code);
    for error in &problem.errors {
        let _ = write!(message, "\n  {}: {}", error.field, error.message);
    }
    let again = headers.get("retry-after").and_then(|value| value.to_str().ok());
    if let Some(seconds) = again.filter(|_| status == StatusCode::SERVICE_UNAVAILABLE) {
        let _ = write!(message, "; try again in {seconds} s");
    }
    if let Some(request) = problem.request_id.filter(|_| status.is_server_error()) {
        let _ = write!(message, "; its log has more under request {request}");
    }
    Failure::new(exit(status), message)
}

/// A refusal inside an answer, such as that of one order of many.
pub(crate) fn sentence(problem: &serde_json::value::RawValue) -> String {
    let Ok(problem) = serde_json::from_str::<Problem>(problem.get()) else { return problem.get().to_owned() };
    let fields = problem.errors.iter().map(|error| format!("{}: {}", error.field, error.message));
    let fields: Vec<String> = fields.collect();
    if fields.is_empty() { problem.detail.unwrap_or(problem.code) } else { fields.join("; ") }
}

fn exit(status: StatusCode) -> Exit {
    match status {
        StatusCode::NOT_FOUND => Exit::NotFound,
        StatusCode::CONFLICT => Exit::Conflict,
        StatusCode::TOO_MANY_REQUESTS => Exit::Unavailable,
        status if status.is_client_error() => Exit::Refused,
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            Exit::Unavailable
        }
        _ => Exit::Failed,
    }
}

/// No answer at all.
pub(crate) fn no_answer(service: Service, at: &str, error: &reqwest::Error, timeout_secs: u64) -> Failure {
    let message = if error.is_connect() {
        format!(
            "{service} does not answer at {at} ({}): is it running? `make run` starts everything; {} says where else.",
            cause(error),
            option(service)
        )
    } else if error.is_timeout() {
        return silent(service, at, timeout_secs);
    } else {
        format!("the connection to {service} at {at} broke ({}): is it being restarted?", cause(error))
    };
    Failure::new(Exit::Unavailable, message)
}

/// No answer in time.
pub(crate) fn silent(service: Service, at: &str, timeout_secs: u64) -> Failure {
    let message = format!(
        "{service} at {at} did not answer within {timeout_secs} s: it may be overloaded; --timeout gives it longer"
    );
    Failure::new(Exit::Unavailable, message)
}

const fn option(service: Service) -> &'static str {
    match service {
        Service::MetricsService => "--metrics or ORDERCTL_METRICS",
        _ => "--api or ORDERCTL_API",
    }
}

/// The innermost cause: the ones around it repeat the URL.
fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let text = innermost.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_lowercase(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, retry_after: Option<&str>, body: &str) -> (Option<Exit>, String) {
        let mut headers = HeaderMap::new();
        if let Some(seconds) = retry_after {
            headers.insert("retry-after", seconds.parse().unwrap());
        }
        let status = StatusCode::from_u16(status).unwrap();
        let failure = failure(Service::OrderApi, "http://h/orders", status, &headers, body.as_bytes());
        (failure.exit(), failure.to_string())
    }

    #[test]
    fn a_problem_is_a_sentence_with_a_line_for_each_field() {
        let body = r#"{"type": "about:blank", "title": "Unprocessable", "status": 422, "code": "validation_failed",
            "detail": "not valid: total_amount", "errors": [{"field": "total_amount", "message": "must not be negative"}]}"#;
        let expected = "not valid: total_amount (validation_failed)\n  total_amount: must not be negative";
        assert_eq!(said(422, None, body), (Some(Exit::Refused), expected.to_owned()));
        let problem = serde_json::value::RawValue::from_string(body.to_owned()).unwrap();
        assert_eq!(sentence(&problem), "total_amount: must not be negative");
    }

    #[test]
    fn what_may_pass_says_when_and_where_to_look() {
        let body = r#"{"code": "overloaded", "detail": "too many orders wait", "request_id": "r-1"}"#;
        let expected =
            "too many orders wait (overloaded); try again in 2 s; its log has more under request r-1";
        assert_eq!(said(503, Some("2"), body), (Some(Exit::Unavailable), expected.to_owned()));
    }

    #[test]
    fn another_program_is_suspected() {
        let other_service = r#"{"code": "route_not_found", "detail": "there is nothing at this path"}"#;
        for body in ["<html>no such page</html>", other_service] {
            let (exit, text) = said(404, None, body);
            assert_eq!(exit, Some(Exit::Failed), "not that there is no such order");
            assert!(text.contains("not as order-api would") && text.contains("ORDERCTL_API"), "{text}");
        }
        assert_eq!(said(502, None, "bad gateway").0, Some(Exit::Unavailable));
    }
}
