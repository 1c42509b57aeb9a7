//! What happened in each ten seconds.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rate_buckets")]
pub struct Model {
    /// Seconds since the Unix epoch, a multiple of ten.
    #[sea_orm(primary_key, auto_increment = false)]
    pub starts_at_s: i64,
    pub accepted: i64,
    pub completed: i64,
    pub failed: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
