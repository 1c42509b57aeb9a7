//! The tasks that keep a client connected, and what they last failed on.

use std::sync::{Arc, Mutex, PoisonError};

use fred::{
    clients::Client,
    interfaces::{ClientLike, EventInterface},
};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::task::AbortOnDropHandle;

use super::READY_BACKOFF;

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

/// Connects for as long as the handle lives.
pub(super) fn keep_connected(client: Client, last_error: LastError) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        tokio::select! {
            () = connect(&client) => {}
            () = note_errors(&client, &last_error) => {}
        }
    }))
}

/// Runs the client's connection task, again when it ends: the library gives up on what it takes for a mistake in the
/// configuration, which a server that is being replaced may look like for a moment.
async fn connect(client: &Client) {
    loop {
        let ended = AbortOnDropHandle::new(client.connect()).await;
        tracing::debug!(?ended, "the connection task ended; starting it again");
        tokio::time::sleep(READY_BACKOFF.1).await;
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
