//! SQLite: one writer, some readers, and the settings each connection needs (PRAGMAs belong to a
//! connection, not to the file).

use std::{path::PathBuf, sync::Arc, time::Duration};

use ::sqlite::vfs;

use sea_orm::{
    ConnectOptions, DatabaseConnection, DbBackend, DbErr, RuntimeErr,
    sqlx::{
        self, Connection as _,
        sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous},
    },
};

use super::{Database, DatabaseError};
use crate::config::{DatabaseConfig, Synchronous};

/// Each length of a multi-row insert is a statement of its own; all of them should stay prepared.
const STATEMENT_CACHE: usize = 512;
/// The log shrinks back to this after a burst or a long read made it grow.
const LOG_BYTES: &str = "67108864";
/// Pages that the log may hold until they are written to their places in the file, half of the above. In a large file these lie
/// apart, and those that many transactions change, at the end of an index for example, are written once for all of them: with the
/// usual 1,000 pages a million rows made a group commit slower by a quarter. A start after a crash reads the log once.
const CHECKPOINT_PAGES: &str = "8000";
/// Page caches in KiB, negative as SQLite wants it: small, because memory at rest is promised to be.
const WRITER_CACHE: &str = "-8192";
const READER_CACHE: &str = "-1024";

pub(super) async fn open(url: &str, config: &DatabaseConfig) -> Result<Database, DatabaseError> {
    let path = file_of(url)?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)
            .map_err(|reason| DatabaseError::Folder { path: folder.to_owned(), reason })?;
    }
    let busy_timeout = Duration::from_millis(config.busy_timeout_ms);
    let synchronous = match config.synchronous {
        Synchronous::Full => SqliteSynchronous::Full,
        Synchronous::Normal => SqliteSynchronous::Normal,
    };
    let forgotten = forget_statistics(&path, busy_timeout).await;
    forgotten.map_err(|error| DatabaseError::Open {
        url: url.to_owned(),
        reason: DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))),
    })?;
    let file = path.clone();
    // Its document says which connections may have it.
    let vfs = match config.synchronous {
        Synchronous::Full => Some(vfs::register().map_err(|error| DatabaseError::Open {
            url: url.to_owned(),
            reason: DbErr::Custom(error.to_string()),
        })?),
        Synchronous::Normal => None,
    };
    let writer = connect(url, 1, move |_| {
        let writer = common(&file, busy_timeout);
        let writer = if let Some(vfs) = vfs { writer.vfs(vfs).pragma("cache_spill", "OFF") } else { writer };
        writer
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .pragma("journal_size_limit", LOG_BYTES)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
            .pragma("cache_size", WRITER_CACHE)
    });
    // The writer first: it creates the file and switches it to WAL, without which a reader can't open it.
    let writer = writer.await?;
    let reader = connect(url, config.readers.max(1), move |_| {
        common(&path, busy_timeout).read_only(true).pragma("cache_size", READER_CACHE)
    });
    Ok(Database { writer, reader: reader.await?, backend: DbBackend::Sqlite })
}

/// Removes what ANALYZE has found, or an earlier version's `PRAGMA optimize` at its end.
///
/// Numbers of rows from when a table was small decide about it when it is large: for a list of keys SQLite would rather look at all
/// of a thousand rows, and does so when they have become a million. Without them it takes every table for large, and every
/// statement of ours has an index. By a connection of its own: one that has read them keeps to them.
async fn forget_statistics(path: &std::path::Path, busy_timeout: Duration) -> Result<(), sqlx::Error> {
    use sea_orm::sqlx::ConnectOptions;
    if !path.exists() {
        return Ok(());
    }
    let mut connection = common(path, busy_timeout).connect().await?;
    for statistics in ["sqlite_stat1", "sqlite_stat4"] {
        let found = sqlx::query("SELECT 1 FROM sqlite_schema WHERE name = ?").bind(statistics);
        if found.fetch_optional(&mut connection).await?.is_some() {
            sqlx::raw_sql(sqlx::AssertSqlSafe(format!("DROP TABLE {statistics}")))
                .execute(&mut connection)
                .await?;
        }
    }
    connection.close().await
}

fn common(path: &std::path::Path, busy_timeout: Duration) -> SqliteConnectOptions {
    use sea_orm::sqlx::ConnectOptions;
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(busy_timeout)
        .foreign_keys(true)
        .statement_cache_capacity(STATEMENT_CACHE)
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging()
}

async fn connect(
    url: &str,
    connections: u32,
    options: impl Fn(SqliteConnectOptions) -> SqliteConnectOptions + Send + Sync + 'static,
) -> Result<DatabaseConnection, DatabaseError> {
    let mut connect = ConnectOptions::new(url);
    connect
        .max_connections(connections)
        .min_connections(1)
        // A file does not go away: no pings, no idle closing, no renewal.
        .test_before_acquire(false)
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>)
        .acquire_timeout(Duration::from_secs(30))
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(options)
        .map_sqlx_sqlite_pool_opts(|pool| {
            pool.after_release(|connection, _| Box::pin(may_be_used_again(connection)))
        });
    let opened = sea_orm::Database::connect(connect).await;
    opened.map_err(|reason| DatabaseError::Open { url: url.to_owned(), reason })
}

/// Whether a connection that is given back has ended its transaction.
///
/// SQLite ends one by itself when it can't write, as on a disk that is full. The client library does not see it, and its
/// rollback fails: what came next would be a part of a transaction that nobody commits. Such a connection is closed.
async fn may_be_used_again(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    if connection.is_in_transaction() {
        // A rollback that nobody waits for is done before this is answered.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

/// `sqlite://data/orders.db`, `sqlite:///var/lib/orders.db`, `sqlite:orders.db`.
pub(super) fn file_of(url: &str) -> Result<PathBuf, DatabaseError> {
    let rest = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or(url);
    let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    if path.is_empty() || path.contains(":memory:") || parameters.contains("mode=memory") {
        return Err(DatabaseError::InMemory);
    }
    Ok(PathBuf::from(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_from_the_url() {
        for (url, path) in [
            ("sqlite://data/a.db", "data/a.db"),
            ("sqlite:///var/lib/a.db?mode=rwc", "/var/lib/a.db"),
            ("sqlite:a.db", "a.db"),
        ] {
            assert_eq!(file_of(url).unwrap(), PathBuf::from(path));
        }
        for url in ["sqlite::memory:", "sqlite://:memory:", "sqlite://", "sqlite://a?mode=memory"] {
            assert!(matches!(file_of(url), Err(DatabaseError::InMemory)), "{url}");
        }
    }
}
