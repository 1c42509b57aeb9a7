//! The tasks that keep a client connected, and what they last failed on.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use fred::{
    clients::Client,
    error::ErrorKind,
    interfaces::{ClientLike, EventInterface},
};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::task::AbortOnDropHandle;

use super::{
    READY_BACKOFF,
    settings::{UNRESPONSIVE, once_within},
};

/// How often a connection is asked for a sign of life.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// Why there is no connection: refused, wrong password, a certificate that is not trusted. Commands only learn that
/// there is none.
#[derive(Clone, Debug, Default)]
pub(super) struct LastError(Arc<Mutex<Option<String>>>);

impl LastError {
    pub(super) fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, error: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
}

/// Who sees that a connection is half-open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watch {
    /// It is asked for signs of life, and made anew when there is none.
    Asked,
    /// Its owner, who replaces it: it blocks, and would not answer.
    Owner,
}

/// Connects for as long as the handle lives.
pub(super) fn keep_connected(client: Client, last_error: LastError, watch: Watch) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        tokio::select! {
            () = connect(&client, watch) => {}
            () = note_errors(&client, &last_error) => {}
        }
    }))
}

/// Runs the client's connection task, again when it ends: the library gives up on what it takes for a mistake in the
/// configuration, which a server that is being replaced may look like for a moment.
async fn connect(client: &Client, watch: Watch) {
    loop {
        let mut task = AbortOnDropHandle::new(client.connect());
        tokio::select! {
            ended = &mut task => {
                tracing::debug!(?ended, "the connection task ended; starting it again");
                tokio::time::sleep(READY_BACKOFF.1).await;
            }
            () = falls_silent(client), if watch == Watch::Asked => {
                tracing::debug!("the connection gives no answers; making another one");
            }
        }
    }
}

/// Until a connection owes an answer for too long. The library looks for that, too, but from the last command on that it
/// sent: while there is always another one, it never finds out.
async fn falls_silent(client: &Client) {
    let asking = client.with_options(&once_within(UNRESPONSIVE));
    loop {
        tokio::time::sleep(ASK_EVERY).await;
        let answer = Box::pin(asking.ping::<()>(None)).await;
        if answer.is_err_and(|error| *error.kind() == ErrorKind::Timeout) {
            return;
        }
    }
}

async fn note_errors(client: &Client, last_error: &LastError) {
    let mut errors = client.error_rx();
    loop {
        match errors.recv().await {
            Ok((error, _server)) => last_error.set(error.to_string()),
            Err(RecvError::Lagged(_)) => {}
            // The library makes a new channel when its connection task starts again.
            Err(RecvError::Closed) => {
                tokio::time::sleep(READY_BACKOFF.1).await;
                errors = client.error_rx();
            }
        }
    }
}
