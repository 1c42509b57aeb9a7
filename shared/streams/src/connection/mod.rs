//! The connection to Redis: made in the background, for ever, and never waited for by a command.
//!
//! A command fails at once while there is no connection, and at the latest after [`COMMAND_TIMEOUT`]. It is sent
//! once: the client library would otherwise repeat what was in flight when a connection broke, and an XADD
//! could happen twice. Whoever asks decides whether to ask again; every script here may be repeated.

mod background;
mod options;
mod reader;
mod settings;
mod warnings;

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use fred::{
    clients::{Client, WithOptions},
    interfaces::ClientLike,
    types::Builder,
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use self::background::{LastError, Watch, keep_connected};
pub use self::options::RedisOptions;
pub(crate) use self::reader::Reader;
use crate::{error::StreamError, keys::Keys};

/// Longest wait for the answer to a command that does not block.
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest wait for a ping: a probe must answer before its own caller gives up.
const PING_TIMEOUT: Duration = Duration::from_secs(2);
/// First and longest wait between two pings of [`Redis::wait_until_ready`].
const READY_BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// The client for commands: shared, pipelining, failing fast.
pub type CommandClient = WithOptions<Client>;

/// One installation's Redis. Clones share the connection; it closes with the last of them.
#[derive(Clone)]
pub struct Redis(Arc<Inner>);

struct Inner {
    builder: Builder,
    commands: CommandClient,
    keys: Keys,
    connection: OnceLock<AbortOnDropHandle<()>>,
    last_error: LastError,
}

impl Redis {
    /// Reads the options; no Redis needs to be there yet.
    ///
    /// # Errors
    /// When the URL can't be used.
    pub fn new(options: &RedisOptions) -> Result<Self, StreamError> {
        let builder = settings::builder(&options.url)?;
        let client = builder.build().map_err(|error| StreamError::Url(error.details().to_owned()))?;
        let commands = client.with_options(&settings::once_within(COMMAND_TIMEOUT));
        let keys = Keys::new(&options.prefix, options.partitions);
        Ok(Self(Arc::new(Inner {
            builder,
            commands,
            keys,
            connection: OnceLock::new(),
            last_error: LastError::default(),
        })))
    }

    /// Starts connecting in the background and keeps at it for as long as this value lives. A second call does nothing.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn connect(&self) {
        self.0.connection.get_or_init(|| {
            keep_connected((*self.0.commands).clone(), self.0.last_error.clone(), Watch::Asked)
        });
    }

    /// For commands that don't block.
    pub fn client(&self) -> &CommandClient {
        &self.0.commands
    }

    pub fn keys(&self) -> &Keys {
        &self.0.keys
    }

    /// A connection of its own for blocking reads, which would make every other command wait.
    pub(crate) fn reader(&self) -> Result<Reader, StreamError> {
        Reader::open(&self.0.builder)
    }

    /// Asks Redis for a sign of life; writes nothing.
    pub async fn ping(&self) -> Result<(), StreamError> {
        let client = self.0.commands.with_options(&settings::once_within(PING_TIMEOUT));
        Box::pin(client.ping::<()>(None)).await.map_err(StreamError::from)
    }

    /// Waits until Redis answers. False: the shutdown came first.
    #[must_use = "false means to stop, not that Redis is ready"]
    pub async fn wait_until_ready(&self, shutdown: &CancellationToken) -> bool {
        self.connect();
        let (mut delay, longest) = READY_BACKOFF;
        let mut waiting = false;
        loop {
            let answer = tokio::select! {
                () = shutdown.cancelled() => return false,
                answer = self.ping() => answer,
            };
            match answer {
                Ok(()) => {
                    if waiting {
                        tracing::info!("Redis answers");
                    }
                    return true;
                }
                // The first tries only see that the connection is still being made.
                Err(error) if delay == longest && !waiting => {
                    let reason = self.connection_error().unwrap_or_else(|| error.to_string());
                    tracing::warn!(reason, "Redis does not answer; waiting until it does");
                    waiting = true;
                }
                Err(_) => {}
            }
            tokio::select! {
                () = shutdown.cancelled() => return false,
                () = tokio::time::sleep(delay) => delay = (delay * 2).min(longest),
            }
        }
    }

    /// Why there is no connection at the moment, for people; `None` when there is one, or none was tried.
    pub fn connection_error(&self) -> Option<String> {
        if self.0.commands.is_connected() { None } else { self.0.last_error.get() }
    }

    /// What is wrong with how this Redis is set up, a sentence each that says what to do; empty when all is well, and
    /// when Redis won't tell.
    pub async fn warnings(&self) -> Vec<String> {
        warnings::of(&self.0.commands).await
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the builder: it has the password.
        f.debug_struct("Redis").field("keys", &self.0.keys).finish_non_exhaustive()
    }
}
