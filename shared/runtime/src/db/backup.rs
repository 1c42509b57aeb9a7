//! A copy of an SQLite database while its service writes to it: what was committed when the copy began, and all of it.
//!
//! `VACUUM INTO` reads in one transaction and never waits for the writer, nor the writer for it; until it is done the log can't
//! shrink. The copy is written beside its name, checked, synced and then named: a file of that name is whole.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{self, ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions},
};

use super::sqlite::file_of;
use crate::config::DatabaseConfig;

/// Why there is no copy. Nothing is left of it then.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("only SQLite is copied by this command: use pg_dump for PostgreSQL")]
    NotSqlite,
    #[error("there is no database at {}", .0.display())]
    NoDatabase(PathBuf),
    #[error("{} is there already: name another file, or remove it", .0.display())]
    Exists(PathBuf),
    #[error("can't read the database: {0}")]
    Database(DbErr),
    #[error("the copy is damaged ({0}); is the disk?")]
    Damaged(String),
    #[error("can't write {}: {reason}", .file.display())]
    Write { file: PathBuf, reason: io::Error },
}

/// Copies the database to `file`, or for `-` to the standard output.
pub async fn backup(config: &DatabaseConfig, file: &Path) -> Result<(), BackupError> {
    let database = database_file(config)?;
    if file == Path::new("-") {
        return print(&database).await;
    }
    if file.exists() {
        return Err(BackupError::Exists(file.to_owned()));
    }
    let unfinished = Unfinished::beside(file);
    copy(&database, &unfinished.0).await?;
    finish(&unfinished.0, file).map_err(|reason| BackupError::Write { file: file.to_owned(), reason })
}

/// Through a file beside the database, for a copy can only be made into one.
async fn print(database: &Path) -> Result<(), BackupError> {
    let unfinished = Unfinished::beside(database);
    copy(database, &unfinished.0).await?;
    // Blocks, and keeps nobody waiting: the process does nothing else.
    let printed = || {
        let mut output = io::stdout().lock();
        io::copy(&mut std::fs::File::open(&unfinished.0)?, &mut output)?;
        output.flush()
    };
    printed().map_err(|reason| BackupError::Write { file: "the standard output".into(), reason })
}

fn database_file(config: &DatabaseConfig) -> Result<PathBuf, BackupError> {
    let url = config.url.trim();
    if !url.starts_with("sqlite:") {
        return Err(BackupError::NotSqlite);
    }
    let file = file_of(url).map_err(|_| BackupError::NotSqlite)?;
    // Otherwise an empty one would be made and copied.
    if file.is_file() { Ok(file) } else { Err(BackupError::NoDatabase(file)) }
}

async fn copy(database: &Path, into: &Path) -> Result<(), BackupError> {
    let mut connection = open(database).await.map_err(failed)?;
    let vacuum = sqlx::query("VACUUM INTO ?").bind(into.display().to_string());
    let copied = vacuum.execute(&mut connection).await;
    connection.close().await.map_err(failed)?;
    copied.map_err(failed)?;

    let mut connection = open(into).await.map_err(failed)?;
    let checked = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut connection).await;
    connection.close().await.map_err(failed)?;
    let found: String = checked.map_err(failed)?;
    if found == "ok" { Ok(()) } else { Err(BackupError::Damaged(found)) }
}

/// Not read-only: such a connection can't remove the log that it makes where no service runs.
async fn open(file: &Path) -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnectOptions::new().filename(file).disable_statement_logging().connect().await
}

fn failed(error: sqlx::Error) -> BackupError {
    BackupError::Database(DbErr::Query(RuntimeErr::SqlxError(error.into())))
}

/// After this the copy survives a power cut, under its name.
fn finish(unfinished: &Path, file: &Path) -> io::Result<()> {
    std::fs::File::open(unfinished)?.sync_all()?;
    // Not a rename, which would replace what somebody else has put there meanwhile.
    std::fs::hard_link(unfinished, file)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// A copy under way, removed with the value.
struct Unfinished(PathBuf);

impl Unfinished {
    fn beside(file: &Path) -> Self {
        let mut name = file.as_os_str().to_owned();
        name.push(format!(".unfinished-{}", std::process::id()));
        Self(name.into())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Not there when the copy failed at its beginning.
        let _ = std::fs::remove_file(&self.0);
    }
}
