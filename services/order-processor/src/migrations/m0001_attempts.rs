//! The ledger: what was done outside for each order, and undone, attempt by attempt. Rows are only added, so that a write
//! never waits for a page that is not at the end. Times are microseconds since the Unix epoch.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, big_integer_null, big_pk_auto, string_len, string_len_null, text, uuid},
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(attempts()).await?;
        let by_order = Index::create().name("attempts_by_order").table("attempts").col("order_id").to_owned();
        manager.create_index(by_order).await
    }
}

fn attempts() -> TableCreateStatement {
    Table::create()
        .table("attempts")
        .col(big_pk_auto("id"))
        .col(uuid("order_id"))
        .col(big_integer("life"))
        .col(big_integer("version"))
        .col(big_integer("attempt"))
        .col(text("entry"))
        .col(text("worker"))
        .col(string_len("outcome", 16))
        .col(string_len_null("reason", 64))
        .col(text("steps"))
        .col(big_integer("started_at"))
        .col(big_integer("finished_at"))
        .col(big_integer_null("superseded_at"))
        .to_owned()
}
