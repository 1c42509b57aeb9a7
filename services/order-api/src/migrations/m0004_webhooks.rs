//! Who wants to be told of an order's end, and what is told to whom.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Not a column of the orders: most have none, and need not pay for it.
        let mut callbacks = Table::create()
            .table("callbacks")
            .col(ColumnDef::new("order_id").uuid().not_null().primary_key())
            .col(ColumnDef::new("url").text().not_null())
            .col(ColumnDef::new("receiver").text().not_null())
            .to_owned();
        let mut webhooks = Table::create()
            .table("webhooks")
            .col(ColumnDef::new("order_id").uuid().not_null())
            .col(ColumnDef::new("version").integer().not_null())
            .col(ColumnDef::new("kind").text().not_null())
            .col(ColumnDef::new("url").text().not_null())
            .col(ColumnDef::new("receiver").text().not_null())
            .col(ColumnDef::new("created_at").big_integer().not_null())
            .col(ColumnDef::new("due_at").big_integer())
            .col(ColumnDef::new("finished_at").big_integer())
            .col(ColumnDef::new("state").text().not_null())
            .col(ColumnDef::new("attempts").integer().not_null())
            .col(ColumnDef::new("log").text().not_null())
            .primary_key(Index::create().col("order_id").col("version"))
            .to_owned();
        for table in [&mut callbacks, &mut webhooks] {
            if manager.get_database_backend() == DbBackend::Sqlite {
                table.extra("WITHOUT ROWID");
            }
        }
        manager.create_table(callbacks).await?;
        manager.create_table(webhooks).await?;
        // What is to be sent is little; what was sent is found by its age.
        for index in [
            "CREATE INDEX webhooks_due ON webhooks (due_at) WHERE due_at IS NOT NULL",
            "CREATE INDEX webhooks_finished ON webhooks (finished_at) WHERE finished_at IS NOT NULL",
        ] {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }
}
