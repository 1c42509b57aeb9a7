//! Where each order stands, the sums over all of them, and how far the events have been read. Times are
//! microseconds since the Unix epoch unless a name says otherwise.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, big_integer_null, integer, string_len, uuid},
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [orders(), status_counts(), durations(), duration_buckets(), rate_buckets(), positions()]
        {
            manager.create_table(table).await?;
        }
        Ok(())
    }
}

fn orders() -> TableCreateStatement {
    Table::create()
        .table("projected_orders")
        .col(uuid("order_id").primary_key())
        .col(big_integer("version"))
        .col(string_len("status", 16))
        .col(big_integer("placed_at"))
        .col(big_integer_null("first_started_at"))
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
        .col(big_integer("projected_at"))
        .to_owned()
}
