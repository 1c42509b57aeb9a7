//! The schema, as it grew. One set serves SQLite and PostgreSQL; a migration that was released never changes.

mod m0001_projection;
mod m0002_samples;

use sea_orm_migration::{MigrationTrait, MigratorTrait, async_trait};

/// All migrations of this service, oldest first.
#[derive(Debug)]
pub struct Migrations;

#[async_trait::async_trait]
impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m0001_projection::Migration), Box::new(m0002_samples::Migration)]
    }
}
