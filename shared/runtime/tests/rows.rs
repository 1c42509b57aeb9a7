//! Many rows in one statement, on both databases: as many as are asked for come back as they were written.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use runtime::{
    Service,
    config::{DatabaseConfig, Synchronous},
    db::{
        self, Database,
        rows::{self, Batch, Lock},
    },
};
use sea_orm::{ConnectionTrait, DbErr, Value, prelude::Uuid};
use system_tests::postgres::PrivatePostgres;
use tempfile::TempDir;

/// More than one statement writes or reads.
const ROWS: u128 = 1_500;

type Row = (Uuid, i64, Option<String>);

async fn open(url: String) -> Database {
    let synchronous = Synchronous::Full;
    let config =
        DatabaseConfig { url, readers: 2, synchronous, busy_timeout_ms: 5_000, connect_timeout_ms: 20_000 };
    db::connect(&config, Service::OrderApi).await.unwrap()
}

fn row(number: u128) -> Row {
    let text = number.is_multiple_of(2).then(|| format!("{number} \"ä\""));
    (Uuid::from_u128(number), i64::MAX - number as i64, text)
}

async fn write(database: &Database, rows: impl Iterator<Item = Row>) {
    let values =
        rows.flat_map(|(key, number, text)| -> [Value; 3] { [key.into(), number.into(), text.into()] });
    let (insert, replace) = (
        "INSERT INTO things (key, number, words)",
        "ON CONFLICT (key) DO UPDATE SET number = excluded.number",
    );
    let transaction = database.begin_write().await.unwrap();
    rows::write(&transaction, insert, "(?, ?, ?)", values.collect(), replace).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn what_is_written_comes_back(database: Database) {
    let uuid = if database.backend == sea_orm::DbBackend::Postgres { "uuid" } else { "blob" };
    let table = format!("CREATE TABLE things (key {uuid} PRIMARY KEY, number bigint NOT NULL, words text)");
    database.writer.execute_unprepared(&table).await.unwrap();
    write(&database, (0..ROWS).map(row)).await;
    write(&database, std::iter::once((Uuid::from_u128(7), 7, None))).await;
    let transaction = database.begin_write().await.unwrap();
    for lock in [Lock::None, Lock::Rows] {
        // Twice as many are asked for as there are.
        let keys = (0..2 * ROWS as usize).map(|number| Uuid::from_u128(number as u128));
        let mut found: Vec<Row> =
            rows::read(&transaction, "things", "key", "number, words", keys, lock).await.unwrap();
        found.sort_unstable();
        let expected = (0..ROWS).map(|number| if number == 7 { (row(7).0, 7, None) } else { row(number) });
        assert_eq!(found, expected.collect::<Vec<_>>());
        let none = [Uuid::from_u128(ROWS)].into_iter();
        assert!(
            rows::read::<Row>(&transaction, "things", "key", "number, words", none, lock)
                .await
                .unwrap()
                .is_empty()
        );
    }
    transaction.commit().await.unwrap();
    a_whole_transaction_is_written_or_nothing_of_it(&database).await;
    database.close().await.unwrap();
}

/// A transaction of its own.
async fn write_whole(database: &Database, batch: Batch) -> Result<(), DbErr> {
    database.turn().await?.begin().await?.write(batch).await
}

async fn a_whole_transaction_is_written_or_nothing_of_it(database: &Database) {
    let things = "INSERT INTO things (key, number, words)";
    let batch = |first: u128, rows: u128, second: &'static str, key: u128| {
        let values = |(key, number, text): Row| -> [Value; 3] { [key.into(), number.into(), text.into()] };
        let mut batch = Batch::default();
        batch.add(things, "(?, ?, ?)", (first..first + rows).map(row).flat_map(values).collect(), "");
        batch.add(second, "(?, ?, ?)", values(row(key)).into(), "");
        batch
    };
    let there = async |first: u128, rows: u128| {
        let transaction = database.begin_write().await.unwrap();
        let keys = (first as usize..(first + rows) as usize).map(|number| Uuid::from_u128(number as u128));
        let found = rows::read::<Row>(&transaction, "things", "key", "number, words", keys, Lock::None).await;
        transaction.commit().await.unwrap();
        found.unwrap().len() as u128
    };
    for (round, rows) in [1, 3, 33, 64, 300].into_iter().enumerate() {
        let first = 10_000 * (round as u128 + 1);
        // A key that is there refuses the whole; so does what can't be understood, which ends no transaction by itself.
        for (second, key) in [(things, 7), ("INSERT INTO nowhere (key, number, words)", first + rows)] {
            write_whole(database, batch(first, rows, second, key)).await.unwrap_err();
            assert_eq!(there(first, rows).await, 0, "{rows} rows");
        }
        write_whole(database, batch(first, rows, things, first + rows)).await.unwrap();
        assert_eq!(there(first, rows + 1).await, rows + 1);
    }
    write_whole(database, Batch::default()).await.unwrap();
}

#[tokio::test]
async fn on_sqlite() {
    let folder = TempDir::new().unwrap();
    what_is_written_comes_back(open(format!("sqlite://{}", folder.path().join("rows.db").display())).await)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgresql() {
    let server = PrivatePostgres::start().await;
    what_is_written_comes_back(open(server.url()).await).await;
}
