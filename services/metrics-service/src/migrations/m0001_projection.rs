//! Where each order stands, the sums over all of them, how far the events have been read, and the rebuild after some were
//! lost. Times are microseconds since the Unix epoch unless a name says otherwise.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, big_integer_null, integer, string_len, string_len_null, uuid, uuid_null},
    sea_orm::DbBackend,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let is_sqlite = manager.get_database_backend() == DbBackend::Sqlite;
        for table in [
            by_key(orders(), is_sqlite),
            status_counts(),
            durations(),
            by_key(duration_buckets(), is_sqlite),
            rate_buckets(),
            positions(),
            rebuild(),
        ] {
            manager.create_table(table).await?;
        }
        manager.execute(no_rebuild()).await
    }
}

/// For the tables that every batch writes many rows of: SQLite else keeps two trees of each, the rows and the keys.
fn by_key(mut table: TableCreateStatement, is_sqlite: bool) -> TableCreateStatement {
    if is_sqlite {
        table.extra("WITHOUT ROWID");
    }
    table
}

fn orders() -> TableCreateStatement {
    Table::create()
        .table("projected_orders")
        .col(uuid("order_id").primary_key())
        .col(big_integer("version"))
        .col(string_len("status", 16))
        .col(big_integer("placed_at"))
        .col(big_integer_null("first_started_at"))
        .col(big_integer_null("measured_version"))
        .to_owned()
}

fn status_counts() -> TableCreateStatement {
    Table::create()
        .table("status_counts")
        .col(string_len("status", 16).primary_key())
        .col(big_integer("orders"))
        .to_owned()
}

fn durations() -> TableCreateStatement {
    Table::create()
        .table("durations")
        .col(string_len("kind", 32).primary_key())
        .col(big_integer("count"))
        .col(big_integer("sum_us"))
        .col(big_integer("min_us"))
        .col(big_integer("max_us"))
        .to_owned()
}

fn duration_buckets() -> TableCreateStatement {
    Table::create()
        .table("duration_buckets")
        .col(string_len("kind", 32))
        .col(big_integer("upper_us"))
        .col(big_integer("count"))
        .primary_key(Index::create().col("kind").col("upper_us"))
        .to_owned()
}

fn rate_buckets() -> TableCreateStatement {
    Table::create()
        .table("rate_buckets")
        .col(big_integer("starts_at_s").primary_key())
        .col(big_integer("accepted"))
        .col(big_integer("completed"))
        .col(big_integer("failed"))
        .to_owned()
}

fn positions() -> TableCreateStatement {
    Table::create()
        .table("positions")
        .col(integer("partition").primary_key())
        .col(big_integer("entry_ms"))
        .col(big_integer("entry_seq"))
        .col(string_len("epoch", 64))
        .col(big_integer("projected_at"))
        .to_owned()
}

fn rebuild() -> TableCreateStatement {
    Table::create()
        .table("rebuild")
        .col(integer("id").primary_key())
        .col(big_integer("revision"))
        .col(integer("passes_left"))
        .col(uuid_null("last_order_id"))
        .col(big_integer("due_at"))
        .col(big_integer("begun_at"))
        .col(big_integer("corrected_at"))
        .col(big_integer("orders_read"))
        .col(big_integer("orders_corrected"))
        .col(string_len_null("claimed_by", 255))
        .col(big_integer("claimed_until"))
        .to_owned()
}

/// The table's only row: everything else just changes it.
fn no_rebuild() -> InsertStatement {
    let numbers = [
        "id",
        "revision",
        "passes_left",
        "due_at",
        "begun_at",
        "corrected_at",
        "orders_read",
        "orders_corrected",
        "claimed_until",
    ];
    let row = numbers.map(|column| Expr::val(i32::from(column == "id")));
    Query::insert().into_table("rebuild").columns(numbers).values_panic(row).to_owned()
}
