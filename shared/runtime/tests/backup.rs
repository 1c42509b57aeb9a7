//! A copy that is made while the database is written to: whole, consistent, and the same as what was committed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use runtime::{
    Service,
    config::{DatabaseConfig, Synchronous},
    db::{self, BackupError, Database},
};
use sea_orm::{ConnectionTrait, Statement};
use tempfile::TempDir;

fn config(url: String) -> DatabaseConfig {
    DatabaseConfig {
        url,
        readers: 2,
        synchronous: Synchronous::Full,
        busy_timeout_ms: 5_000,
        connect_timeout_ms: 1_000,
    }
}

fn at(file: &Path) -> DatabaseConfig {
    config(format!("sqlite://{}", file.display()))
}

async fn open(file: &Path) -> Database {
    db::connect(&at(file), Service::OrderApi).await.unwrap()
}

async fn number(database: &Database, sql: &str) -> i64 {
    let statement = Statement::from_string(database.backend, sql);
    database.reader.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

/// Both rows or none of them: what a copy must never tear apart.
async fn write_pair(database: &Database, number: i64) {
    let transaction = database.begin_write().await.unwrap();
    for table in ["orders", "outbox"] {
        let insert = format!("INSERT INTO {table} VALUES ({number})");
        transaction.execute_unprepared(&insert).await.unwrap();
    }
    transaction.commit().await.unwrap();
}

async fn make(file: &Path) -> Database {
    let database = open(file).await;
    for table in ["orders", "outbox"] {
        let create = format!("CREATE TABLE {table} (number INTEGER PRIMARY KEY)");
        database.writer.execute_unprepared(&create).await.unwrap();
    }
    database
}

fn files(folder: &TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_consistent_although_the_service_goes_on_writing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.db");
    let database = make(&file).await;
    for number in 0..50 {
        write_pair(&database, number).await;
    }
    let writing = {
        let database = database.clone();
        tokio::spawn(async move {
            for number in 50..400 {
                write_pair(&database, number).await;
            }
        })
    };
    for copy in 0..5 {
        let copied = folder.path().join(format!("copy-{copy}.db"));
        db::backup(&at(&file), &copied).await.unwrap();
        let copied = open(&copied).await;
        let (orders, outbox) = (
            number(&copied, "SELECT count(*) FROM orders").await,
            number(&copied, "SELECT count(*) FROM outbox").await,
        );
        assert!(orders >= 50, "what was committed before is missing: {orders}");
        assert_eq!(orders, outbox, "half of a transaction");
        copied.close().await.unwrap();
    }
    writing.await.unwrap();
    assert_eq!(number(&database, "SELECT count(*) FROM orders").await, 400, "writing went on");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_replaced_and_nothing_is_left_of_a_copy_that_failed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.db");
    make(&file).await.close().await.unwrap();
    let taken = folder.path().join("taken.db");
    std::fs::write(&taken, "somebody's").unwrap();

    assert!(matches!(db::backup(&at(&file), &taken).await, Err(BackupError::Exists(_))));
    assert_eq!(std::fs::read_to_string(&taken).unwrap(), "somebody's");

    let nowhere = folder.path().join("no/such/folder/copy.db");
    assert!(db::backup(&at(&file), &nowhere).await.is_err());

    let missing = at(&folder.path().join("missing.db"));
    let copy = folder.path().join("copy.db");
    assert!(matches!(db::backup(&missing, &copy).await, Err(BackupError::NoDatabase(_))));

    std::fs::write(&file, "this is no database, whatever its name says").unwrap();
    assert!(matches!(db::backup(&at(&file), &copy).await, Err(BackupError::Database(_))));
    assert_eq!(files(&folder), ["orders.db", "taken.db"]);
}

#[tokio::test]
async fn postgresql_has_its_own_tool() {
    let config = config("postgres://user:secret@127.0.0.1/orders".to_owned());
    let refused = db::backup(&config, Path::new("copy.db")).await.unwrap_err();
    assert!(refused.to_string().contains("pg_dump"), "{refused}");
}
