//! When accepting fails. Most often the process has no file descriptor left; then the backlog stays full and
//! accepting fails again at once, so without a pause it would spin and without restraint it would flood the log.

use std::{
    io,
    time::{Duration, Instant},
};

use super::listen::open_files_limit;

const PAUSE: Duration = Duration::from_millis(50);

/// One episode of failing accepts: a line at its start and one at its end.
#[derive(Debug, Default)]
pub(super) struct AcceptTrouble {
    since: Option<Instant>,
}

impl AcceptTrouble {
    /// Waits a moment, unless the failure was only this connection's.
    pub(super) async fn pause(&mut self, error: &io::Error) {
        if is_of_the_connection(error) {
            return;
        }
        if self.since.is_none() {
            self.since = Some(Instant::now());
            tracing::error!(%error, "can't accept connections{}", advice(error));
        }
        tokio::time::sleep(PAUSE).await;
    }

    /// After a successful accept.
    pub(super) fn over(&mut self) {
        if let Some(since) = self.since.take() {
            tracing::info!("accepting connections again after {:.1} s", since.elapsed().as_secs_f64());
        }
    }
}

/// The client went away between its SYN and our accept.
fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, InvalidInput, NotConnected};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | NotConnected | InvalidInput
    )
}

fn advice(error: &io::Error) -> String {
    let errno = rustix::io::Errno::from_io_error(error);
    if errno == Some(rustix::io::Errno::MFILE) || errno == Some(rustix::io::Errno::NFILE) {
        let limit = open_files_limit().map_or_else(String::new, |limit| format!(" of {limit}"));
        format!(
            ": the limit{limit} open files (ulimit -n) is reached; raise it or lower http.max_connections"
        )
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn running_out_of_files_pauses_and_a_lost_client_does_not() {
        let mut trouble = AcceptTrouble::default();
        let start = tokio::time::Instant::now();
        trouble.pause(&io::ErrorKind::ConnectionAborted.into()).await;
        assert_eq!((start.elapsed(), trouble.since.is_some()), (Duration::ZERO, false));
        let exhausted = io::Error::from(rustix::io::Errno::MFILE);
        assert!(advice(&exhausted).contains("ulimit -n"));
        trouble.pause(&exhausted).await;
        trouble.pause(&exhausted).await;
        assert!(start.elapsed() >= 2 * PAUSE);
        assert!(trouble.since.is_some());
        trouble.over();
        assert!(trouble.since.is_none());
    }
}
