//! A connection of the client library, used in the caller's own thread.

use std::ops::Deref;

use sea_orm::sqlx::{
    self,
    sqlite::{LockedSqliteHandle, SqliteConnection},
};

/// A connection that does what it is asked in the thread that asks.
///
/// sqlx has a thread for each connection, which is handed one statement after the other with what is bound to it, and answers. For a
/// few rows that takes longer than the rows, and with many threads on few cores each of the two waits for its turn meanwhile.
///
/// Whoever has it is alone with the connection until it is dropped, and **blocks its thread** while SQLite works. What was begun must
/// be ended before.
pub struct Direct<'c> {
    // Dropped first: its statements end before somebody else may have the connection.
    connection: rusqlite::Connection,
    _handle: LockedSqliteHandle<'c>,
}

impl<'c> Direct<'c> {
    /// Waits until the connection's thread has let go of it.
    pub async fn of(connection: &'c mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let mut handle = connection.lock_handle().await?;
        let raw = handle.as_raw_handle().as_ptr();
        // SAFETY: an open connection, which stays open and is used by nobody else for as long as `handle` lives, and so for longer than
        // what is made of it: that does not close it, and can't be moved out of this struct.
        let connection = unsafe { rusqlite::Connection::from_handle(raw) };
        let connection = connection.map_err(|error| sqlx::Error::Protocol(error.to_string()))?;
        Ok(Self { connection, _handle: handle })
    }
}

impl Deref for Direct<'_> {
    type Target = rusqlite::Connection;

    fn deref(&self) -> &rusqlite::Connection {
        &self.connection
    }
}
