//! Refusals as sentences. The services answer with problem documents (RFC 9457); whatever else answers is probably not one of
//! them.

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
    let Ok(problem) = serde_json::from_slice::<Problem>(body) else {
        return Failure::new(
            exit(status),
            format!(
                "{url} answered {status}, and not in the way of {service}: is it that? {} says where it is.",
                option(service)
            ),
        );
    };
    let mut message = problem.detail.unwrap_or_else(|| status.to_string());
    message.push_str(&format!(" ({})", problem.code));
    for error in &problem.errors {
        message.push_str(&format!("\n  {}: {}", error.field, error.message));
    }
    let again = headers.get("retry-after").and_then(|value| value.to_str().ok());
    if let Some(seconds) = again.filter(|_| status == StatusCode::SERVICE_UNAVAILABLE) {
        message.push_str(&format!("; try again in {seconds} s"));
    }
    if let Some(request) = problem.request_id.filter(|_| status.is_server_error()) {
        message.push_str(&format!("; its log has more under request {request}"));
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
        let (exit, text) = said(404, None, "<html>no such page</html>");
        assert_eq!(exit, Some(Exit::NotFound));
        assert!(text.contains("not in the way of order-api") && text.contains("ORDERCTL_API"), "{text}");
    }
}
