//! How the queue stood at the end of each ten seconds, and how long the orders took that ended within: what the dashboard
//! draws. Small, and short-lived.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, big_integer_null, text},
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let samples = Table::create()
            .table("samples")
            .col(big_integer("starts_at_s").primary_key())
            .col(big_integer_null("waiting"))
            .col(big_integer_null("in_progress"))
            .col(big_integer_null("delayed"))
            .col(big_integer_null("dead"))
            .col(big_integer_null("oldest_waiting_ms"))
            .col(text("end_to_end"))
            .to_owned();
        manager.create_table(samples).await
    }
}
