//! serde_json's errors as problems.

use serde::Deserialize;
use serde_json::error::Category;

use crate::http::problem::{FieldError, Problem};

/// Parses a whole body. What is no JSON is 400 `malformed_json` with line and column; JSON of the wrong shape
/// is 422 `validation_failed` with the field, where the error tells it.
pub fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        Category::Data => Problem::validation(vec![wrong_field(&error)]),
        _ if body.is_empty() => Problem::bad_request("malformed_json", "the body is empty"),
        _ => Problem::bad_request("malformed_json", error.to_string()),
    })
}

/// serde says ``missing field `user_id` at line 1 column 2``.
fn wrong_field(error: &serde_json::Error) -> FieldError {
    let text = error.to_string();
    let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    let names_field = ["missing field `", "unknown field `", "duplicate field `"]
        .iter()
        .find_map(|start| message.strip_prefix(start))
        .and_then(|rest| rest.split('`').next());
    let short = match names_field {
        Some(_) if message.starts_with("missing") => "is missing",
        Some(_) if message.starts_with("unknown") => "is not known",
        Some(_) => "is there twice",
        None => message,
    };
    FieldError::new(names_field.unwrap_or("body"), short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[expect(dead_code, reason = "only its parsing is looked at")]
        user_id: String,
    }

    fn refused(body: &str) -> Problem {
        parse::<Body>(body.as_bytes()).unwrap_err()
    }

    #[test]
    fn what_is_no_json_is_400_and_the_wrong_shape_422() {
        for body in ["", "{", "{\"user_id\": \"a\"} x", "nonsense", "{\"user_id\": \"\u{1}\"}"] {
            let problem = refused(body);
            assert_eq!((problem.status.as_u16(), problem.code), (400, "malformed_json"), "{body}");
        }
        assert!(refused("{\n  !").detail.unwrap().contains("line 2 column 3"));
        for (body, field, message) in [
            ("{}", "user_id", "is missing"),
            ("{\"user_id\": \"a\", \"x\": 1}", "x", "is not known"),
            ("{\"user_id\": \"a\", \"user_id\": \"b\"}", "user_id", "is there twice"),
            ("[1]", "body", "invalid type: integer `1`, expected a string"),
            ("7", "body", "invalid type: integer `7`, expected struct Body"),
        ] {
            let problem = refused(body);
            assert_eq!(problem.status, 422, "{body}");
            assert_eq!(problem.errors, [FieldError::new(field, message)], "{body}");
        }
    }
}
