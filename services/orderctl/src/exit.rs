//! How a command ends: what is said, and the exit status. The numbers are promised in `--help` and in docs/ORDERCTL.md: a
//! script may rely on them.

use std::{fmt, io, process::ExitCode};

use runtime::redact::redact_url;

/// Shown below `orderctl --help`.
pub(crate) const HELP: &str = "\
Exit status:
  0   done
  1   it went wrong in some other way
  2   the command line is wrong
  3   there is no such order or dead letter
  4   it can't be done as things stand now: a worker has begun with the order, it has not failed, …
  5   a service does not answer, or can't for the moment; trying again later may help
  6   order-api refuses what was sent
  7   the order has failed (watch, place --wait)
  8   the order was cancelled (watch, place --wait)
  9   the time was up before the order was final (watch, place --wait)
  10  not every order is accounted for (audit)";

/// Why a command did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Failed = 1,
    Usage = 2,
    NotFound = 3,
    Conflict = 4,
    Unavailable = 5,
    Refused = 6,
    OrderFailed = 7,
    OrderCancelled = 8,
    NotYet = 9,
    Unaccounted = 10,
}

/// A command that did not succeed, and what there is to say about it.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    Said {
        exit: Exit,
        message: String,
    },
    /// Everything was said on the way.
    Silent(Exit),
    /// Whoever read our output has seen enough (`| head`): no failure of ours.
    ReaderGone,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self::Said { exit, message: message.into() }
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub(crate) const fn exit(&self) -> Option<Exit> {
        match self {
            Self::Said { exit, .. } | Self::Silent(exit) => Some(*exit),
            Self::ReaderGone => None,
        }
    }

    pub(crate) fn code(&self) -> ExitCode {
        self.exit().map_or(ExitCode::SUCCESS, |exit| ExitCode::from(exit as u8))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // An address may have a password in it.
            Self::Said { message, .. } => f.write_str(&redact_url(message)),
            Self::Silent(_) | Self::ReaderGone => Ok(()),
        }
    }
}

/// Of what is written to the standard output or read from the standard input.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::ReaderGone;
        }
        Self::failed(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exit_status_is_in_the_help() {
        for exit in [
            Exit::Failed,
            Exit::Usage,
            Exit::NotFound,
            Exit::Conflict,
            Exit::Unavailable,
            Exit::Refused,
            Exit::OrderFailed,
            Exit::OrderCancelled,
            Exit::NotYet,
            Exit::Unaccounted,
        ] {
            let number = (exit as u8).to_string();
            let there = HELP.lines().any(|line| line.split_whitespace().next() == Some(&number));
            assert!(there, "{exit:?}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        let failure = Failure::failed("no answer at http://ada:secret@host:8000: is it running?");
        assert_eq!(failure.to_string(), "no answer at http://ada:***@host:8000: is it running?");
    }

    #[test]
    fn a_reader_that_has_seen_enough_is_no_failure() {
        let gone = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(gone.code(), ExitCode::SUCCESS);
        let full = Failure::from(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(full.exit(), Some(Exit::Failed));
    }
}
