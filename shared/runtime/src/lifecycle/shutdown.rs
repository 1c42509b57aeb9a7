//! The two stages of stopping, as tokens that anything can wait on, and the signals that start them.

use std::{io, time::Duration};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Both stages of one process's shutdown. Clones share their state.
#[derive(Clone, Debug)]
pub struct Shutdown {
    draining: CancellationToken,
    aborting: CancellationToken,
}

impl Shutdown {
    /// Follows SIGTERM and SIGINT: the first starts draining, a second or `drain_timeout` aborts. The deadline
    /// also runs when something else (a failed task) starts the draining.
    ///
    /// # Errors
    /// When the process can't install signal handlers.
    pub fn on_signals(drain_timeout: Duration) -> io::Result<Self> {
        let shutdown = Self::manual();
        let signals = Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        };
        tokio::spawn(shutdown.clone().follow(signals, drain_timeout));
        Ok(shutdown)
    }

    /// For tests and tools: nothing happens until [`drain`](Self::drain) or [`abort`](Self::abort).
    pub fn manual() -> Self {
        let draining = CancellationToken::new();
        Self { draining, aborting: CancellationToken::new() }
    }

    /// Stage one: stop taking, finish what is in hand.
    pub fn draining(&self) -> CancellationToken {
        self.draining.clone()
    }

    /// Stage two: drop everything.
    pub fn aborting(&self) -> CancellationToken {
        self.aborting.clone()
    }

    pub fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    pub fn drain(&self) {
        self.draining.cancel();
    }

    /// Aborting implies draining, so that whoever waits for the first stage only wakes up too.
    pub fn abort(&self) {
        self.draining.cancel();
        self.aborting.cancel();
    }

    async fn follow(self, mut signals: Signals, drain_timeout: Duration) {
        tokio::select! {
            name = signals.next() => tracing::info!(signal = name, "stopping: finishing what is in hand"),
            () = self.draining.cancelled() => tracing::info!("stopping: finishing what is in hand"),
        }
        self.drain();
        tokio::select! {
            name = signals.next() => tracing::warn!(signal = name, "second signal: dropping what is in hand"),
            () = tokio::time::sleep(drain_timeout) => {
                tracing::warn!("not finished after {} ms: dropping what is in hand", drain_timeout.as_millis());
            }
        }
        self.abort();
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn aborting_implies_draining() {
        let shutdown = Shutdown::manual();
        assert!(!shutdown.is_draining());
        shutdown.clone().abort();
        shutdown.draining().cancelled().await;
        shutdown.aborting().cancelled().await;
    }

    #[tokio::test(start_paused = true)]
    async fn draining_that_something_else_started_still_has_its_deadline() {
        let shutdown = Shutdown::on_signals(Duration::from_secs(30)).unwrap();
        shutdown.drain();
        tokio::time::timeout(Duration::from_secs(31), shutdown.aborting().cancelled()).await.unwrap();
    }
}
