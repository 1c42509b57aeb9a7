//! A connection for one blocking reader.
//!
//! The library never gives up on a connection that is blocked, so a half-open socket would block for ever: every read
//! has a deadline, and the subscription opens another reader when it passes.
//!
//! The library also makes a broken connection anew by itself, between two reads for example, and then nothing fails. But behind
//! the new one may be a Redis that has lost something, and whoever reads has to look before new entries hide it: so the first
//! read that finds another connection than the one before fails with [`StreamError::Reconnected`].

use std::time::Duration;

use fred::{
    clients::Client,
    interfaces::{ClientLike, EventInterface, StreamsInterface},
    types::{Builder, Value, config::Server},
};
use tokio::sync::broadcast::{Receiver, error::TryRecvError};
use tokio_util::task::AbortOnDropHandle;

use super::{
    COMMAND_TIMEOUT, CommandClient,
    background::{LastError, Watch, keep_connected},
    settings,
};
use crate::error::StreamError;

/// How long a read waits for new entries.
const BLOCK: Duration = Duration::from_secs(2);
/// How long a read waits for the connection before it reports that there is none.
const CONNECT_PATIENCE: Duration = Duration::from_secs(1);
/// How often a waiting read looks for the connection.
const CONNECT_LOOK: Duration = Duration::from_millis(20);

/// Dropping it closes the connection.
pub(crate) struct Reader {
    commands: CommandClient,
    /// One for each connection that was made, sent before it can be used.
    made: Receiver<Server>,
    /// Reads have begun on a connection.
    in_use: bool,
    _connection: AbortOnDropHandle<()>,
}

impl Reader {
    pub(super) fn open(builder: &Builder) -> Result<Self, StreamError> {
        let client: Client = builder.build()?;
        // A read may stand behind one that was abandoned and still blocks.
        let commands = client.with_options(&settings::once_within(BLOCK + COMMAND_TIMEOUT));
        let made = client.reconnect_rx();
        let connection = keep_connected(client, LastError::default(), Watch::Owner);
        Ok(Self { commands, made, in_use: false, _connection: connection })
    }

    /// Waits a moment for the connection: a loop over failing reads then turns about once a second, and goes on as
    /// soon as Redis is back.
    pub(crate) async fn connected(&mut self) -> Result<(), StreamError> {
        let deadline = tokio::time::Instant::now() + CONNECT_PATIENCE;
        while !self.commands.is_connected() {
            if tokio::time::Instant::now() >= deadline {
                return Err(StreamError::Disconnected);
            }
            tokio::time::sleep(CONNECT_LOOK).await;
        }
        let another = self.is_another();
        if std::mem::replace(&mut self.in_use, true) && another {
            return Err(StreamError::Reconnected);
        }
        Ok(())
    }

    /// Whether a connection was made since this was asked last.
    fn is_another(&mut self) -> bool {
        let mut another = false;
        loop {
            match self.made.try_recv() {
                Ok(_) | Err(TryRecvError::Lagged(_)) => another = true,
                Err(TryRecvError::Empty) => return another,
                // The library makes a new channel when its connection task starts again.
                Err(TryRecvError::Closed) => {
                    self.made = self.commands.reconnect_rx();
                    return true;
                }
            }
        }
    }

    /// XREADGROUP of one stream from `id`; blocks only for new entries.
    pub(crate) async fn read(
        &mut self,
        stream: &str,
        group: &str,
        consumer: &str,
        id: &str,
        count: usize,
    ) -> Result<Value, StreamError> {
        let block = (id == ">").then_some(BLOCK.as_millis() as u64);
        let read = self.commands.xreadgroup(group, consumer, Some(count as u64), block, false, stream, id);
        let reply = Box::pin(read).await?;
        // Sent on the connection before, answered by the next one: what it delivered stays in the pending list.
        if self.is_another() { Err(StreamError::Reconnected) } else { Ok(reply) }
    }
}
