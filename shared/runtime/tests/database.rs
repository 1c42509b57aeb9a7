//! The promises that the database gives: of a file, read back from SQLite itself, and of a PostgreSQL server.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use runtime::{
    Service,
    config::{DatabaseConfig, Synchronous},
    db::{self, Database, DatabaseError, rows::Batch},
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use sea_orm_migration::prelude::*;
use system_tests::postgres::PrivatePostgres;
use tempfile::TempDir;

struct Migrations;

#[async_trait::async_trait]
impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(First)]
    }
}

#[derive(DeriveMigrationName)]
struct First;

#[async_trait::async_trait]
impl MigrationTrait for First {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let counters =
            Table::create().table("counters").col(ColumnDef::new("n").big_integer().not_null()).to_owned();
        manager.create_table(counters).await
    }
}

/// A transaction of its own.
async fn write(database: &Database, batch: Batch) -> Result<(), DbErr> {
    database.turn().await?.begin().await?.write(batch).await
}

fn config(url: String) -> DatabaseConfig {
    DatabaseConfig {
        url,
        readers: 3,
        synchronous: Synchronous::Full,
        busy_timeout_ms: 5_000,
        connect_timeout_ms: 20_000,
    }
}

async fn open(folder: &TempDir) -> Database {
    let file = folder.path().join("deep/er/orders.db");
    let url = format!("sqlite://{}", file.display());
    let database = db::connect(&config(url), Service::OrderApi).await.unwrap();
    database.migrate::<Migrations>().await.unwrap();
    database
}

async fn pragma<T: sea_orm::TryGetable>(connection: &DatabaseConnection, name: &str) -> T {
    let statement = Statement::from_string(DbBackend::Sqlite, format!("PRAGMA {name}"));
    connection.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

async fn count(connection: &impl ConnectionTrait) -> i64 {
    let statement =
        Statement::from_string(connection.get_database_backend(), "SELECT COUNT(*) FROM counters");
    connection.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

/// `.cargo/config.toml`, which a build somewhere else may have left out.
#[tokio::test]
async fn sqlite_is_compiled_as_it_was_measured() {
    let folder = TempDir::new().unwrap();
    let database = open(&folder).await;
    for (option, expected) in [("DEFAULT_MEMSTATUS=0", 1), ("ENABLE_MEMORY_MANAGEMENT", 0)] {
        let used = format!("SELECT sqlite_compileoption_used('{option}')");
        let statement = Statement::from_string(DbBackend::Sqlite, used);
        let row = database.reader.query_one_raw(statement).await.unwrap().unwrap();
        assert_eq!(row.try_get_by_index::<i32>(0).unwrap(), expected, "{option}");
    }
}

/// What was found out about a table when it was small must not decide about it when it is large.
#[tokio::test]
async fn a_table_that_was_small_at_the_last_end_is_searched_and_not_scanned() {
    let folder = TempDir::new().unwrap();
    let plan = async |database: &Database| {
        let keys = vec!["1"; 256].join(", ");
        let query = format!("EXPLAIN QUERY PLAN SELECT * FROM t WHERE key IN ({keys})");
        let rows =
            database.reader.query_all_raw(Statement::from_string(DbBackend::Sqlite, query)).await.unwrap();
        rows[0].try_get::<String>("", "detail").unwrap()
    };
    let database = open(&folder).await;
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)";
    for statement in
        ["CREATE TABLE t (key TEXT PRIMARY KEY)", &format!("INSERT INTO t {rows} SELECT i FROM n")]
    {
        database.writer.execute_unprepared(statement).await.unwrap();
    }
    database.close().await.unwrap();
    let database = open(&folder).await;
    assert!(plan(&database).await.starts_with("SEARCH"), "an end leaves nothing behind");
    // As earlier versions did at their end.
    database.writer.execute_unprepared("ANALYZE").await.unwrap();
    database.close().await.unwrap();
    let database = open(&folder).await;
    assert!(plan(&database).await.starts_with("SEARCH"), "{}", plan(&database).await);
}

#[tokio::test]
async fn what_is_committed_survives_a_power_cut() {
    let folder = TempDir::new().unwrap();
    let database = open(&folder).await;
    assert_eq!(pragma::<String>(&database.writer, "journal_mode").await, "wal");
    assert_eq!(pragma::<i32>(&database.writer, "synchronous").await, 2, "FULL");
    assert_eq!(
        pragma::<i32>(&database.writer, "cache_spill").await,
        0,
        "nothing is written before the commit"
    );
    assert_eq!(pragma::<i32>(&database.writer, "foreign_keys").await, 1);
    assert_eq!(pragma::<i64>(&database.writer, "journal_size_limit").await, 64 << 20);
    assert_eq!(pragma::<i64>(&database.writer, "wal_autocheckpoint").await, 8_000);
    database.ping().await.unwrap();
    database.close().await.unwrap();
}

/// SQLite ends a transaction by itself then, which the client library does not see: it would take the next one for a part
/// of it, and commit nothing any more.
#[tokio::test]
async fn what_is_committed_after_the_disk_was_full_is_there() {
    let folder = TempDir::new().unwrap();
    let database = open(&folder).await;
    let one = "INSERT INTO counters VALUES (zeroblob(1000000))";
    let many = "INSERT INTO counters SELECT zeroblob(1000000) FROM (SELECT 1 UNION SELECT 2)";
    for too_large in [one, many] {
        // As large as it is now, for as long as this connection lives.
        database.writer.execute_unprepared("PRAGMA max_page_count = 1").await.unwrap();
        let transaction = database.begin_write().await.unwrap();
        let error = transaction.execute_unprepared(too_large).await.unwrap_err();
        assert!(error.to_string().contains("full"), "{error}");
    }
    database.writer.execute_unprepared("PRAGMA max_page_count = 1000000").await.unwrap();
    let transaction = database.begin_write().await.unwrap();
    transaction.execute_unprepared("INSERT INTO counters VALUES (1)").await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(count(&database.reader).await, 1);
}

#[tokio::test]
async fn a_whole_transaction_that_finds_the_disk_full_leaves_nothing_behind() {
    let folder = TempDir::new().unwrap();
    let database = open(&folder).await;
    let batch = |rows: i64| {
        let mut batch = Batch::default();
        let insert = "INSERT INTO counters";
        batch.add(insert, "(?)", vec![1_i64.into()], "");
        batch.add(insert, "(?)", (0..rows).map(Into::into).collect(), "");
        batch
    };
    for _ in 0..2 {
        database.writer.execute_unprepared("PRAGMA max_page_count = 1").await.unwrap();
        let error = write(&database, batch(5_000)).await.unwrap_err();
        assert!(error.to_string().contains("full"), "{error}");
        assert_eq!(count(&database.reader).await, 0);
        database.writer.execute_unprepared("PRAGMA max_page_count = 1000000").await.unwrap();
        // What comes next is a transaction of its own.
        let transaction = database.begin_write().await.unwrap();
        transaction.execute_unprepared("INSERT INTO counters VALUES (1)").await.unwrap();
        transaction.rollback().await.unwrap();
        assert_eq!(count(&database.reader).await, 0);
    }
    write(&database, batch(5_000)).await.unwrap();
    assert_eq!(count(&database.reader).await, 5_001);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_the_end_of_a_turn_finds_all_of_it() {
    let folder = TempDir::new().unwrap();
    let database = open(&folder).await;
    let one = |number: i64| {
        let mut batch = Batch::default();
        batch.add("INSERT INTO counters", "(?)", vec![number.into()], "");
        batch
    };
    let mut turn = database.turn().await.unwrap();
    let mut writing = turn.begin().await.unwrap();
    writing.write(one(1)).await.unwrap();
    let other = database.clone();
    let waits = tokio::spawn(async move {
        let transaction = other.begin_write().await.unwrap();
        let seen = count(&transaction).await;
        transaction.commit().await.unwrap();
        seen
    });
    tokio::task::yield_now().await;
    writing.write(one(2)).await.unwrap();
    assert_eq!(count(&database.reader).await, 2, "each is a transaction of its own");
    drop(writing);
    drop(turn);
    assert_eq!(waits.await.unwrap(), 2);
}

#[tokio::test]
async fn readers_read_while_the_writer_writes_and_cannot_write() {
    let folder = TempDir::new().unwrap();
    let database = open(&folder).await;
    let transaction = database.begin_write().await.unwrap();
    transaction.execute_unprepared("INSERT INTO counters VALUES (1)").await.unwrap();
    assert_eq!(count(&database.reader).await, 0);
    transaction.commit().await.unwrap();
    assert_eq!(count(&database.reader).await, 1);
    let error = database.reader.execute_unprepared("INSERT INTO counters VALUES (2)").await.unwrap_err();
    assert!(error.to_string().contains("readonly"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_take_turns_and_none_finds_the_database_busy() {
    let folder = TempDir::new().unwrap();
    let (ours, theirs) = (open(&folder).await, open(&folder).await);
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..40 {
        // Half of them through a second process's connection, as `populate` beside a running server.
        let database = if number % 2 == 0 { ours.clone() } else { theirs.clone() };
        writers.spawn(async move {
            let transaction = database.begin_write().await.unwrap();
            // Reads before it writes: what a deferred transaction would fail at.
            let seen = count(&transaction).await;
            transaction.execute_unprepared(&format!("INSERT INTO counters VALUES ({seen})")).await.unwrap();
            transaction.commit().await.unwrap();
        });
    }
    tokio::time::timeout(Duration::from_mins(1), writers.join_all()).await.unwrap();
    let distinct = Statement::from_string(DbBackend::Sqlite, "SELECT COUNT(DISTINCT n) FROM counters");
    let row = ours.reader.query_one_raw(distinct).await.unwrap().unwrap();
    assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 40);
}

#[tokio::test]
async fn closing_leaves_one_file_that_is_whole() {
    let folder = TempDir::new().unwrap();
    let database = open(&folder).await;
    database.writer.execute_unprepared("INSERT INTO counters VALUES (7)").await.unwrap();
    database.close().await.unwrap();
    let files: Vec<_> =
        std::fs::read_dir(folder.path().join("deep/er")).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(files, ["orders.db"]);
    let again = open(&folder).await;
    assert_eq!(count(&again.reader).await, 1);
}

#[tokio::test]
async fn a_url_that_cannot_keep_orders_is_refused() {
    for url in ["sqlite::memory:", "sqlite://"] {
        assert!(matches!(
            db::connect(&config(url.into()), Service::OrderApi).await,
            Err(DatabaseError::InMemory)
        ));
    }
    let error =
        db::connect(&config("mysql://app:s3cret@host/x".into()), Service::OrderApi).await.unwrap_err();
    assert!(error.to_string().contains("mysql://app:***@host"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_together_share_one_postgres_schema() {
    let server = PrivatePostgres::start().await;
    let mut replicas = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let config = config(server.url());
        replicas.spawn(async move {
            let database = db::connect(&config, Service::OrderApi).await.unwrap();
            database.migrate::<Migrations>().await.unwrap();
            database
        });
    }
    let replicas = replicas.join_all().await;
    let (first, second) = (&replicas[0], &replicas[1]);
    let transaction = first.begin_write().await.unwrap();
    transaction.execute_unprepared("INSERT INTO order_api.counters VALUES (1)").await.unwrap();
    assert_eq!(count(&second.reader).await, 0);
    transaction.commit().await.unwrap();
    assert_eq!(count(&second.reader).await, 1);
    let other = db::connect(&config(server.url()), Service::MetricsService).await.unwrap();
    other.migrate::<Migrations>().await.unwrap();
    assert_eq!(count(&other.reader).await, 0, "a service sees its own schema only");
    for database in replicas {
        database.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connecting_waits_for_a_postgres_that_starts_later() {
    let mut server = PrivatePostgres::start().await;
    server.daemon.terminate().await;
    let config = config(server.url());
    let impatient = DatabaseConfig { connect_timeout_ms: 0, ..config.clone() };
    let error = db::connect(&impatient, Service::OrderApi).await.unwrap_err();
    assert!(error.to_string().contains("refused"), "{error}");
    let connecting = tokio::spawn(async move { db::connect(&config, Service::OrderApi).await });
    server.daemon.start_ready().await;
    connecting.await.unwrap().unwrap().ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_crashed_is_used_again_once_it_is_back() {
    let mut server = PrivatePostgres::start().await;
    let database = db::connect(&config(server.url()), Service::OrderApi).await.unwrap();
    database.migrate::<Migrations>().await.unwrap();
    let unfinished = database.begin_write().await.unwrap();
    unfinished.execute_unprepared("INSERT INTO counters VALUES (1)").await.unwrap();
    database.writer.execute_unprepared("INSERT INTO counters VALUES (2)").await.unwrap();
    server.daemon.kill().await;
    unfinished.commit().await.unwrap_err();
    // Who asks meanwhile waits for a while.
    let (pinged, _) = tokio::join!(database.ping(), server.daemon.start_ready());
    pinged.unwrap();
    assert_eq!(count(&database.reader).await, 1, "what was committed, and only that");
}
