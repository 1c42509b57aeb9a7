//! What is known about the request being answered, for code that is too deep to be handed it: the id that
//! problems carry, and the bounds of its body. It belongs to the task that answers.

use std::time::Duration;

use super::request_id::RequestId;
use crate::config::HttpConfig;

/// Bounds on a request's body.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// Bytes in the body of an ordinary request.
    pub max_bytes: usize,
    /// Bytes in the body of a request that carries many orders.
    pub max_bulk_bytes: usize,
    /// Until the last byte has come.
    pub timeout: Duration,
}

impl BodyLimits {
    pub(super) const fn of(config: &HttpConfig) -> Self {
        Self {
            max_bytes: config.max_body_bytes,
            max_bulk_bytes: config.max_bulk_body_bytes,
            timeout: Duration::from_millis(config.body_timeout_ms),
        }
    }

    /// Outside the edge, as in a test that calls an endpoint directly.
    const DEFAULT: Self =
        Self { max_bytes: 1 << 20, max_bulk_bytes: 16 << 20, timeout: Duration::from_secs(15) };
}

#[derive(Clone, Debug)]
pub(super) struct RequestContext {
    pub(super) request_id: RequestId,
    pub(super) body_limits: BodyLimits,
}

tokio::task_local! {
    pub(super) static CONTEXT: RequestContext;
}

/// The id of the request that this task answers, if it answers one.
pub fn request_id() -> Option<String> {
    CONTEXT.try_with(|context| context.request_id.as_str().to_owned()).ok()
}

pub(super) fn body_limits() -> BodyLimits {
    CONTEXT.try_with(|context| context.body_limits).unwrap_or(BodyLimits::DEFAULT)
}
