//! A connection for one blocking reader.
//!
//! The library never gives up on a connection that is blocked, so a half-open socket would block for ever: every read
//! has a deadline, and the subscription opens another reader when it passes.

use std::time::Duration;

use fred::{
    clients::Client,
    interfaces::{ClientLike, StreamsInterface},
    types::{Builder, Value},
};
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
    _connection: AbortOnDropHandle<()>,
}

impl Reader {
    pub(super) fn open(builder: &Builder) -> Result<Self, StreamError> {
        let client: Client = builder.build()?;
        // A read may stand behind one that was abandoned and still blocks.
        let commands = client.with_options(&settings::once_within(BLOCK + COMMAND_TIMEOUT));
        Ok(Self { commands, _connection: keep_connected(client, LastError::default(), Watch::Owner) })
    }

    /// Waits a moment for the connection: a loop over failing reads then turns about once a second, and goes on as
    /// soon as Redis is back.
    pub(crate) async fn connected(&self) -> Result<(), StreamError> {
        let deadline = tokio::time::Instant::now() + CONNECT_PATIENCE;
        while !self.commands.is_connected() {
            if tokio::time::Instant::now() >= deadline {
                return Err(StreamError::Disconnected);
            }
            tokio::time::sleep(CONNECT_LOOK).await;
        }
        Ok(())
    }

    /// XREADGROUP of one stream from `id`; blocks only for new entries.
    pub(crate) async fn read(
        &self,
        stream: &str,
        group: &str,
        consumer: &str,
        id: &str,
        count: usize,
    ) -> Result<Value, StreamError> {
        let block = (id == ">").then_some(BLOCK.as_millis() as u64);
        let read = self.commands.xreadgroup(group, consumer, Some(count as u64), block, false, stream, id);
        Ok(Box::pin(read).await?)
    }
}
