//! What an answer means. 2xx: accepted. 408, 425, 429, 5xx, no answer in time or none at all: try again later. Any other:
//! refused, for the reason that the body names as `{"reason": "…"}`.
//!
//! Where a step is to be undone: 2xx, 404, 409, 410: undone, or there is nothing to undo. Any other: try again later, for
//! a wrong credential must not lose a refund.

use std::{error::Error as _, time::Duration};

use contract::Step;
use reqwest::{Response, StatusCode};
use serde::Deserialize;

use super::super::port::{NotUndone, StepFailure};
use crate::text::one_line;

/// How much of a body is read; a reason is a sentence.
const MOST_BYTES: usize = 16 * 1_024;
const LONGEST_REASON: usize = 200;

#[derive(Deserialize)]
struct Refusal {
    reason: String,
}

pub(super) async fn judge(step: Step, mut response: Response) -> Result<(), StepFailure> {
    let status = response.status();
    // Read whatever the status is: a connection is used again only when the whole answer was read.
    let body = start_of_body(&mut response).await;
    if status.is_success() {
        Ok(())
    } else if asks_to_come_back(status) {
        Err(StepFailure::Unavailable(answered(step, status)))
    } else {
        Err(StepFailure::Refused(reason(&body).unwrap_or_else(|| answered(step, status))))
    }
}

pub(super) async fn judge_undoing(step: Step, mut response: Response) -> Result<(), NotUndone> {
    let status = response.status();
    start_of_body(&mut response).await;
    if is_undone(status) { Ok(()) } else { Err(NotUndone(answered(step, status))) }
}

/// Whoever reads the failure learns how it looked from here; the cause in detail is in the debug log.
pub(super) fn unanswered(timeout: Duration, error: &reqwest::Error) -> String {
    // The error itself would name the URL; its causes name hosts and ports at most.
    let cause = error.source().map(ToString::to_string);
    tracing::debug!(cause, "no answer from a step's service");
    if error.is_timeout() {
        format!("no answer within {timeout:?}")
    } else if error.is_connect() {
        "the service can't be reached".to_owned()
    } else {
        "the connection broke off".to_owned()
    }
}

fn asks_to_come_back(status: StatusCode) -> bool {
    status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
        )
}

fn is_undone(status: StatusCode) -> bool {
    status.is_success() || matches!(status, StatusCode::NOT_FOUND | StatusCode::CONFLICT | StatusCode::GONE)
}

fn answered(step: Step, status: StatusCode) -> String {
    format!("the {step} service answered {}", status.as_u16())
}

async fn start_of_body(response: &mut Response) -> Vec<u8> {
    let mut body = Vec::new();
    // An answer that breaks off has said its status all the same.
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = MOST_BYTES - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == MOST_BYTES {
            break;
        }
    }
    body
}

fn reason(body: &[u8]) -> Option<String> {
    let refusal: Refusal = serde_json::from_slice(body).ok()?;
    let reason = one_line(refusal.reason.trim(), LONGEST_REASON);
    (!reason.is_empty()).then_some(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_a_sentence_of_the_body_or_none() {
        assert_eq!(reason(br#"{"reason": " declined\n", "code": 5}"#).as_deref(), Some("declined"));
        for body in ["", "declined", "[]", r#"{"reason": 5}"#, r#"{"reason": "  "}"#, r#"{"message": "x"}"#] {
            assert_eq!(reason(body.as_bytes()), None, "{body}");
        }
        let long = format!(r#"{{"reason": "{}"}}"#, "x".repeat(5_000));
        assert_eq!(reason(long.as_bytes()).unwrap().len(), LONGEST_REASON);
    }

    #[test]
    fn every_status_has_a_meaning() {
        for status in (100..1_000).map(|code| StatusCode::from_u16(code).unwrap()) {
            let expected = matches!(status.as_u16(), 408 | 425 | 429 | 500..=599);
            assert_eq!(asks_to_come_back(status), expected, "{status}");
            let undone = matches!(status.as_u16(), 200..=299 | 404 | 409 | 410);
            assert_eq!(is_undone(status), undone, "{status}");
        }
    }
}
