//! The one error of this crate, and the two questions that callers ask of it.

use fred::error::{Error as RedisError, ErrorKind};

/// Something between this process and Redis did not work.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StreamError {
    /// The configured URL can't be used; the message never quotes it, for it may hold a password.
    #[error("the Redis URL can't be used: {0}")]
    Url(String),
    /// There is no connection at the moment; it is being made in the background.
    #[error("not connected to Redis")]
    Disconnected,
    /// There is another connection than before: look whether Redis still has what it had, then read on.
    #[error("the connection to Redis broke, and was made anew")]
    Reconnected,
    /// Redis refused the command, or the connection broke under it.
    #[error("Redis: {0}")]
    Redis(#[from] RedisError),
    /// Redis answered something that this version does not understand.
    #[error("Redis answered what was not expected: {0}")]
    Reply(&'static str),
}

/// Server replies that say "not now": they pass when the server is up and primary again.
const NOT_NOW: [&str; 7] =
    ["LOADING", "BUSY ", "MASTERDOWN", "READONLY", "TRYAGAIN", "CLUSTERDOWN", "NOREPLICAS"];

impl StreamError {
    /// The consumer group, or its stream, is gone: Redis lost its data. `groups::ensure` makes it again.
    pub fn is_no_group(&self) -> bool {
        // Redis from 7.2 on wakes a blocked reader with UNBLOCKED when its stream is deleted.
        matches!(self, Self::Redis(error) if ["NOGROUP", "UNBLOCKED"].iter().any(|code| error.details().starts_with(code)))
    }

    /// Nothing was wrong with what was asked: Redis was not reachable or not ready. Try again later.
    ///
    /// What was asked may have happened all the same: the answer can be lost after the effect.
    pub fn is_connection(&self) -> bool {
        match self {
            Self::Disconnected | Self::Reconnected => true,
            Self::Redis(error) => match error.kind() {
                ErrorKind::IO
                | ErrorKind::Timeout
                | ErrorKind::Canceled
                | ErrorKind::Routing
                | ErrorKind::Tls
                | ErrorKind::Auth
                | ErrorKind::Backpressure
                | ErrorKind::Sentinel
                | ErrorKind::Cluster => true,
                // Replies of the server, and states of the client library that has no kind of their own.
                ErrorKind::Unknown => is_not_now(error.details()) || is_client_state(error.details()),
                _ => false,
            },
            Self::Url(_) | Self::Reply(_) => false,
        }
    }

    pub(crate) fn is_timeout(&self) -> bool {
        matches!(self, Self::Redis(error) if *error.kind() == ErrorKind::Timeout)
    }
}

fn is_not_now(details: &str) -> bool {
    NOT_NOW.iter().any(|code| details.starts_with(code))
}

/// Every reply of a server starts with an upper-case code; the library's own texts do not.
fn is_client_state(details: &str) -> bool {
    let code = details.split([' ', ':']).next().unwrap_or_default();
    code.is_empty() || code.bytes().any(|byte| byte.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(details: &'static str) -> StreamError {
        RedisError::new(ErrorKind::Unknown, details).into()
    }

    #[test]
    fn a_lost_group_is_told_from_a_lost_connection() {
        for details in ["NOGROUP No such key", "UNBLOCKED the stream key no longer exists"] {
            assert!(reply(details).is_no_group() && !reply(details).is_connection(), "{details}");
        }
        for details in
            ["LOADING Redis is loading the dataset in memory", "Failed to route command.", "channel closed"]
        {
            assert!(reply(details).is_connection() && !reply(details).is_no_group(), "{details}");
        }
        assert!(StreamError::Disconnected.is_connection() && StreamError::Reconnected.is_connection());
        assert!(!reply("ERR unknown command").is_connection());
        assert!(!reply("OOM command not allowed when used memory > 'maxmemory'.").is_connection());
    }
}
