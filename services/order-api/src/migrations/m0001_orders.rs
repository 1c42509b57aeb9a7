//! Orders, their timelines, the outbox with its marks, and the idempotency keys.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut orders = Table::create()
            .table("orders")
            .col(ColumnDef::new("id").uuid().not_null().primary_key())
            .col(ColumnDef::new("user_id").text().not_null())
            .col(ColumnDef::new("item_ids").text().not_null())
            .col(ColumnDef::new("total_amount").big_integer().not_null())
            .col(ColumnDef::new("placed_at").big_integer().not_null())
            .col(ColumnDef::new("status").text().not_null())
            .col(ColumnDef::new("version").integer().not_null())
            .col(ColumnDef::new("life").integer().not_null())
            .col(ColumnDef::new("attempts").integer().not_null())
            .col(ColumnDef::new("started_at").big_integer())
            .col(ColumnDef::new("updated_at").big_integer().not_null())
            .col(ColumnDef::new("completed_at").big_integer())
            .col(ColumnDef::new("failure_code").text())
            .col(ColumnDef::new("failure_message").text())
            .col(ColumnDef::new("compensating").boolean().not_null())
            .to_owned();
        clustered(manager, &mut orders);
        manager.create_table(orders).await?;
        // The id comes last in both, so that a filtered list is read in the index's own order.
        for (name, column) in [("orders_by_status", "status"), ("orders_by_user", "user_id")] {
            let index = Index::create().name(name).table("orders").col(column).col("id").to_owned();
            manager.create_index(index).await?;
        }
        // There are few of them, and they are looked for among all.
        manager
            .get_connection()
            .execute_unprepared("CREATE INDEX orders_compensating ON orders (id) WHERE compensating")
            .await?;

        let mut order_events = Table::create()
            .table("order_events")
            .col(ColumnDef::new("order_id").uuid().not_null())
            .col(ColumnDef::new("version").integer().not_null())
            .col(ColumnDef::new("kind").text().not_null())
            .col(ColumnDef::new("occurred_at").big_integer().not_null())
            .col(ColumnDef::new("data").text().not_null())
            .primary_key(Index::create().col("order_id").col("version"))
            .to_owned();
        clustered(manager, &mut order_events);
        manager.create_table(order_events).await?;

        let mut outbox = Table::create()
            .table("outbox")
            .col(ColumnDef::new("producer").uuid().not_null())
            .col(ColumnDef::new("seq").big_integer().not_null())
            .col(ColumnDef::new("order_id").uuid().not_null())
            .col(ColumnDef::new("kind").text().not_null())
            .col(ColumnDef::new("version").integer().not_null())
            .col(ColumnDef::new("attempt").integer().not_null())
            .col(ColumnDef::new("steps").text())
            .col(ColumnDef::new("traceparent").text())
            .primary_key(Index::create().col("producer").col("seq"))
            .to_owned();
        clustered(manager, &mut outbox);
        manager.create_table(outbox).await?;

        let marks = Table::create()
            .table("marks")
            .col(ColumnDef::new("partition").integer().not_null().primary_key())
            .col(ColumnDef::new("epoch").text().not_null())
            .col(ColumnDef::new("last_ms").big_integer().not_null())
            .col(ColumnDef::new("last_counter").big_integer().not_null())
            .col(ColumnDef::new("lost").boolean().not_null())
            .col(ColumnDef::new("lost_at").big_integer().not_null())
            .to_owned();
        manager.create_table(marks).await?;

        let idempotency_keys = Table::create()
            .table("idempotency_keys")
            .col(ColumnDef::new("key").text().not_null().primary_key())
            .col(ColumnDef::new("fingerprint").blob().not_null())
            .col(ColumnDef::new("answer").blob().not_null())
            .col(ColumnDef::new("created_at").big_integer().not_null())
            .to_owned();
        manager.create_table(idempotency_keys).await
    }
}

/// Rows are stored in the order of their primary key, which is that of arrival. Without this, SQLite keeps a second tree from
/// key to row, and writes both.
fn clustered(manager: &SchemaManager, table: &mut TableCreateStatement) {
    if manager.get_database_backend() == DbBackend::Sqlite {
        table.extra("WITHOUT ROWID");
    }
}
