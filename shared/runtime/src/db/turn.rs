//! One who writes batch after batch, while many wait for each, and keeps the connection meanwhile.

use std::sync::Arc;

use sea_orm::{
    DbBackend, DbErr, RuntimeErr,
    sqlx::{self, Sqlite, pool::PoolConnection},
};
use sqlite::Direct;

use super::{Database, rows::Batch};

/// On SQLite the writer connection: nobody else writes until this is dropped, so it should be short.
pub struct Turn {
    database: Database,
    connection: Option<PoolConnection<Sqlite>>,
}

/// What writes in a turn.
pub struct Writing<'t>(Way<'t>);

enum Way<'t> {
    /// In the calling thread.
    Sqlite(Direct<'t>),
    /// As everybody does.
    Postgres(&'t Database),
}

impl Database {
    /// Waits for the writer connection. Those who wait get it one after the other, as they came.
    pub async fn turn(&self) -> Result<Turn, DbErr> {
        let connection = if self.backend == DbBackend::Sqlite {
            Some(self.writer.get_sqlite_connection_pool().acquire().await.map_err(failed)?)
        } else {
            None
        };
        Ok(Turn { database: self.clone(), connection })
    }
}

impl Turn {
    pub async fn begin(&mut self) -> Result<Writing<'_>, DbErr> {
        Ok(Writing(match &mut self.connection {
            Some(connection) => Way::Sqlite(Direct::of(connection).await.map_err(failed)?),
            None => Way::Postgres(&self.database),
        }))
    }
}

impl Writing<'_> {
    /// Writes a batch as a transaction of its own. All of it is durable when this returns, or nothing of it is there if it was an
    /// error. SQLite does it in the calling thread, which waits for nothing else meanwhile.
    pub async fn write(&mut self, batch: Batch) -> Result<(), DbErr> {
        match &mut self.0 {
            Way::Sqlite(direct) => in_transaction(direct, batch)
                .map_err(|error| DbErr::Exec(RuntimeErr::Internal(error.to_string()))),
            Way::Postgres(database) => {
                let transaction = database.begin_write().await?;
                batch.write(&transaction).await?;
                transaction.commit().await
            }
        }
    }
}

fn in_transaction(connection: &rusqlite::Connection, batch: Batch) -> rusqlite::Result<()> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let commit = || connection.prepare_cached("COMMIT")?.execute([]);
    let written = batch.run(connection).and_then(|()| commit());
    if written.is_err() && !connection.is_autocommit() {
        let rolled_back = connection.execute_batch("ROLLBACK");
        // What came next would be a part of a transaction that nobody commits.
        assert!(connection.is_autocommit(), "SQLite does not end a transaction: {rolled_back:?}");
    }
    written.map(drop)
}

fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))
}
