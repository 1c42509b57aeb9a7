//! What finds the rows that nobody needs any more, and what healing looks for, without looking at all others.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Keys are given out by clients and come in no order; their times do, so that this index grows at its end.
        let by_age = Index::create()
            .name("idempotency_keys_by_age")
            .table("idempotency_keys")
            .col("created_at")
            .to_owned();
        manager.create_index(by_age).await?;
        // The condition is written so that SQLite can't take the index by status for it, which holds every order that was
        // ever cancelled.
        manager
            .get_connection()
            .execute_unprepared(
                "CREATE INDEX orders_cancelled ON orders (updated_at, id) WHERE NOT (status <> 'cancelled')",
            )
            .await?;
        let producers = Table::create()
            .table("producers")
            .col(ColumnDef::new("producer").uuid().not_null().primary_key())
            .col(ColumnDef::new("seen_at").big_integer().not_null())
            .to_owned();
        manager.create_table(producers).await
    }
}
