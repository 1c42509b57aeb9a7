//! The log of an SQLite database, whose writes are gathered: what a commit has returned for is in the files, as a process that is
//! killed right then leaves them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use runtime::{
    Service,
    config::{DatabaseConfig, Synchronous},
    db::{self, Database, rows::Batch},
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use tempfile::TempDir;

async fn open(file: &Path, synchronous: Synchronous) -> Database {
    let url = format!("sqlite://{}", file.display());
    let config =
        DatabaseConfig { url, readers: 2, synchronous, busy_timeout_ms: 5_000, connect_timeout_ms: 5_000 };
    db::connect(&config, Service::OrderApi).await.unwrap()
}

async fn make_table(database: &Database) {
    let table = "CREATE TABLE rows (id INTEGER PRIMARY KEY, content BLOB NOT NULL)";
    database.writer.execute_unprepared(table).await.unwrap();
}

/// Rows of a kilobyte each.
fn insert(rows: u32) -> String {
    format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) \
         INSERT INTO rows (content) SELECT randomblob(1000) FROM n"
    )
}

async fn ask<T: sea_orm::TryGetable>(connection: &DatabaseConnection, question: &str) -> T {
    let statement = Statement::from_string(DbBackend::Sqlite, question);
    connection.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

/// What another process finds in a copy of the files.
async fn rows_in_a_copy(file: &Path) -> u32 {
    let folder = TempDir::new().unwrap();
    let copy = folder.path().join("copy.db");
    std::fs::copy(file, &copy).unwrap();
    std::fs::copy(file.with_extension("db-wal"), copy.with_extension("db-wal")).unwrap();
    let database = open(&copy, Synchronous::Full).await;
    assert_eq!(ask::<String>(&database.reader, "PRAGMA integrity_check").await, "ok");
    let rows = ask(&database.reader, "SELECT COUNT(*) FROM rows").await;
    database.close().await.unwrap();
    rows
}

/// Transactions of one page and of many, of more than is held back at once and of more than SQLite's page cache has
/// room for; some of them taken back; and so many that the log begins anew.
#[tokio::test]
async fn a_process_that_is_killed_leaves_every_commit_in_the_files() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("orders.db");
    let database = open(&file, Synchronous::Full).await;
    make_table(&database).await;
    let mut expected = 0;
    for (rows, is_kept) in [
        (1, true),
        (40, true),
        (1_500, true),
        (20_000, false),
        (3, true),
        (20_000, true),
        (1_500, false),
        (30, true),
    ] {
        let transaction = database.begin_write().await.unwrap();
        transaction.execute_unprepared(&insert(rows)).await.unwrap();
        if is_kept {
            transaction.commit().await.unwrap();
            expected += rows;
        } else {
            transaction.rollback().await.unwrap();
        }
        assert_eq!(ask::<u32>(&database.reader, "SELECT COUNT(*) FROM rows").await, expected, "to a reader");
        assert_eq!(rows_in_a_copy(&file).await, expected, "after {rows} more");
    }
    for _ in 0..5 {
        let mut batch = Batch::default();
        batch.add("INSERT INTO rows (content)", "(?)", vec![vec![7_u8; 1_000].into(); 60], "");
        database.turn().await.unwrap().begin().await.unwrap().write(batch).await.unwrap();
        expected += 60;
        assert_eq!(rows_in_a_copy(&file).await, expected, "after a whole transaction");
    }
    database.close().await.unwrap();
}

/// Where a transaction was taken back, another connection may write next: nothing of the first may be written over it afterwards.
#[tokio::test]
async fn what_was_taken_back_is_not_written_over_what_another_process_commits() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("orders.db");
    let (ours, theirs) = (open(&file, Synchronous::Full).await, open(&file, Synchronous::Full).await);
    make_table(&ours).await;
    let mut expected = 0;
    // Some of them little more than the page cache has room for, 8 MiB.
    for rows in [1, 8_000, 8_500, 20_000] {
        // The log begins anew: nothing in it is read meanwhile, which would write out what is held back.
        ours.writer.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
        let transaction = ours.begin_write().await.unwrap();
        transaction.execute_unprepared(&insert(rows)).await.unwrap();
        transaction.rollback().await.unwrap();
        theirs.writer.execute_unprepared(&insert(200)).await.unwrap();
        ours.writer.execute_unprepared(&insert(1)).await.unwrap();
        expected += 201;
        assert_eq!(rows_in_a_copy(&file).await, expected, "after {rows} were taken back");
        assert_eq!(ask::<String>(&theirs.reader, "PRAGMA integrity_check").await, "ok");
    }
}

/// A commit that syncs nothing must not be held back: others would look for it in vain.
#[tokio::test]
async fn without_a_sync_for_each_commit_nothing_is_gathered() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("orders.db");
    let database = open(&file, Synchronous::Normal).await;
    make_table(&database).await;
    for count in 1..=20 {
        database.writer.execute_unprepared(&insert(1)).await.unwrap();
        assert_eq!(ask::<u32>(&database.reader, "SELECT COUNT(*) FROM rows").await, count);
        assert_eq!(rows_in_a_copy(&file).await, count);
    }
}
