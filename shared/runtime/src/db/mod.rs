//! The service's own database: SQLite beside the process, or PostgreSQL when several replicas share it.
//!
//! SQLite has one writer connection, whose transactions begin IMMEDIATE (a deferred one that reads first
//! fails at once when another wrote in between), and a pool of read-only connections that never wait for it.
//! What a commit promised with `synchronous = "full"` survives a power cut; a crash is recovered from the
//! write-ahead log by the next open.

mod backup;
mod postgres;
pub mod prune;
pub mod rows;
mod sqlite;
mod turn;

pub use self::{
    backup::{BackupError, backup},
    turn::{Turn, Writing},
};
use crate::{Service, config::DatabaseConfig, redact::redact_url};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;

/// Both sides of a service's database. Clones share the connections.
#[derive(Clone, Debug)]
pub struct Database {
    /// For all that writes. On SQLite there is exactly one connection behind it.
    pub writer: DatabaseConnection,
    /// For all that only reads.
    pub reader: DatabaseConnection,
    pub backend: DbBackend,
}

/// Why the database can't be used. Passwords in URLs are already hidden. A reason is part of the sentence and not its source, or
/// whoever prints the whole chain would print it twice.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error("database.url must begin with sqlite:// or postgres://, not {0}")]
    Scheme(String),
    #[error(
        "database.url names an SQLite database in memory; orders must survive the process, so name a file"
    )]
    InMemory,
    #[error("can't create the folder {} for the database: {reason}", .path.display())]
    Folder { path: std::path::PathBuf, reason: std::io::Error },
    #[error("can't open the database {}: {reason}", redact_url(.url))]
    Open { url: String, reason: DbErr },
    #[error("can't bring the database up to date: {0}")]
    Migrate(DbErr),
}

/// Opens the database of `service`; on PostgreSQL it waits, with backoff, for the server to come up.
pub async fn connect(config: &DatabaseConfig, service: Service) -> Result<Database, DatabaseError> {
    let url = config.url.trim();
    if url.starts_with("sqlite:") {
        sqlite::open(url, config).await
    } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        postgres::open(url, config, service).await
    } else {
        Err(DatabaseError::Scheme(redact_url(url)))
    }
}

/// The file of an SQLite database; `None` for any other.
pub(crate) fn sqlite_file(config: &DatabaseConfig) -> Option<std::path::PathBuf> {
    let url = config.url.trim();
    if url.starts_with("sqlite:") { sqlite::file_of(url).ok() } else { None }
}

impl Database {
    /// Applies the migrations that this database has not seen. Replicas that start together take turns.
    pub async fn migrate<M: MigratorTrait>(&self) -> Result<(), DatabaseError> {
        let turn = if self.backend == DbBackend::Postgres {
            Some(postgres::take_turn(&self.writer).await.map_err(DatabaseError::Migrate)?)
        } else {
            None
        };
        M::up(&self.writer, None).await.map_err(DatabaseError::Migrate)?;
        match turn {
            Some(turn) => turn.commit().await.map_err(DatabaseError::Migrate),
            None => Ok(()),
        }
    }

    /// Begins a transaction that will write. On SQLite it waits for the writer connection, and holds the
    /// database's write lock from the start.
    pub async fn begin_write(&self) -> Result<DatabaseTransaction, DbErr> {
        let sqlite_transaction_mode =
            (self.backend == DbBackend::Sqlite).then_some(SqliteTransactionMode::Immediate);
        self.writer
            .begin_with_options(TransactionOptions { sqlite_transaction_mode, ..Default::default() })
            .await
    }

    /// Whether the database answers. Writes nothing.
    pub async fn ping(&self) -> Result<(), DbErr> {
        self.reader.ping().await
    }

    /// Closes all connections, at the end of a shutdown. SQLite folds its log back into the file, so that
    /// the file alone is a whole backup and the next start has nothing to recover.
    pub async fn close(self) -> Result<(), DbErr> {
        if self.backend == DbBackend::Sqlite {
            self.reader.close().await?;
            self.writer.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        }
        self.writer.close().await
    }
}
