//! The catalogue that strict mode checks orders against.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let customers = Table::create()
            .table("customers")
            .col(ColumnDef::new("user_id").text().not_null().primary_key())
            .col(ColumnDef::new("name").text().not_null())
            .to_owned();
        manager.create_table(customers).await?;
        let catalog_items = Table::create()
            .table("catalog_items")
            .col(ColumnDef::new("item_id").text().not_null().primary_key())
            .col(ColumnDef::new("name").text().not_null())
            .col(ColumnDef::new("price").big_integer().not_null())
            .to_owned();
        manager.create_table(catalog_items).await
    }
}
