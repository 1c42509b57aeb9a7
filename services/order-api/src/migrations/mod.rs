//! The schema of order-api's database, one step a file. Applied at every start; a step that was released never
//! changes. The same steps serve SQLite and PostgreSQL.

mod m0001_orders;
mod m0002_catalog;
mod m0003_retention;
mod m0004_webhooks;

use sea_orm_migration::prelude::*;

pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_orders::Migration),
            Box::new(m0002_catalog::Migration),
            Box::new(m0003_retention::Migration),
            Box::new(m0004_webhooks::Migration),
        ]
    }
}
