//! What the framework refuses by itself (no such path, wrong method, a parameter that doesn't parse, …) as
//! problems. The one place where its errors are looked at.

use poem::{
    Error,
    error::{MethodNotAllowedError, NotFoundError, ParsePathError, ReadBodyError},
    http::StatusCode,
};
use poem_openapi::error::{ContentTypeError, ParseParamError, ParsePathError as ParseApiPathError};

use super::problem::{Problem, log_internal};

/// The problem that an error of a handler or of the framework becomes.
pub(super) fn problem(error: Error) -> Problem {
    let error = match error.downcast::<Problem>() {
        Ok(problem) => return problem,
        Err(error) => error,
    };
    if error.is::<NotFoundError>() || error.is::<ParsePathError>() {
        return Problem::not_found("route_not_found", "there is nothing at this path");
    }
    if error.is::<MethodNotAllowedError>() {
        return Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed")
            .with_detail("this path does not have this method");
    }
    if let Some(error) = error.downcast_ref::<ParseParamError>() {
        return Problem::invalid_parameter(error.name, plain(&error.reason));
    }
    if let Some(error) = error.downcast_ref::<ParseApiPathError>() {
        return Problem::invalid_parameter(error.name, plain(&error.reason));
    }
    if error.is::<ContentTypeError>() {
        return unsupported_media_type();
    }
    if let Some(error) = error.downcast_ref::<ReadBodyError>() {
        return match error {
            ReadBodyError::PayloadTooLarge => Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            ReadBodyError::BodyHasBeenTaken => {
                log_internal("a body was read twice");
                Problem::internal()
            }
            _ => Problem::bad_request("unreadable_body", "the body could not be read"),
        };
    }
    by_status(&error)
}

pub(super) fn unsupported_media_type() -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type")
        .with_detail("the body must be JSON, with content-type: application/json")
}

/// The framework wraps a reason in the names of its own types.
fn plain(reason: &str) -> &str {
    let reason = reason.split_once(" (occurred while parsing ").map_or(reason, |(reason, _)| reason);
    match reason.strip_prefix("failed to parse ").and_then(|rest| rest.split_once(": ")) {
        Some((_type, reason)) => reason,
        None => reason,
    }
}

fn by_status(error: &Error) -> Problem {
    let status = error.status();
    match status {
        status if status.is_server_error() => {
            log_internal(&crate::lifecycle::chain(error));
            if status == StatusCode::SERVICE_UNAVAILABLE {
                Problem::unavailable("unavailable", "try again shortly")
            } else {
                Problem::internal()
            }
        }
        StatusCode::UNAUTHORIZED => Problem::new(status, "unauthorized"),
        StatusCode::FORBIDDEN => Problem::new(status, "forbidden"),
        StatusCode::NOT_FOUND => Problem::new(status, "not_found"),
        StatusCode::BAD_REQUEST => Problem::bad_request("bad_request", error.to_string()),
        status if status.is_client_error() => Problem::new(status, "refused").with_detail(error.to_string()),
        // An error with a success or redirect status is a handler's mistake.
        _ => {
            log_internal(&format!("an error with status {status}: {error}"));
            Problem::internal()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_told_without_the_frameworks_types() {
        let wrapped = "failed to parse \"integer_uint32\": invalid digit (occurred while parsing \"optional_integer_uint32\")";
        assert_eq!(plain(wrapped), "invalid digit");
        assert_eq!(plain("verification failed. maximum(60)"), "verification failed. maximum(60)");
    }

    #[test]
    fn the_frameworks_refusals_have_codes() {
        let param = ParseParamError { name: "limit", reason: "must be a number".into() };
        let cases: Vec<(Error, u16, &str)> = vec![
            (NotFoundError.into(), 404, "route_not_found"),
            (MethodNotAllowedError.into(), 405, "method_not_allowed"),
            (param.into(), 400, "invalid_parameter"),
            (ContentTypeError::ExpectContentType.into(), 415, "unsupported_media_type"),
            (ReadBodyError::PayloadTooLarge.into(), 413, "body_too_large"),
            (Problem::conflict("already_final", "done").into(), 409, "already_final"),
            (Error::from_string("secret", StatusCode::BAD_GATEWAY), 500, "internal_error"),
            (Error::from_status(StatusCode::SERVICE_UNAVAILABLE), 503, "unavailable"),
            (Error::from_status(StatusCode::IM_A_TEAPOT), 418, "refused"),
        ];
        for (error, status, code) in cases {
            let problem = problem(error);
            assert_eq!((problem.status.as_u16(), problem.code), (status, code));
            assert!(!problem.to_string().contains("secret"));
        }
    }
}
