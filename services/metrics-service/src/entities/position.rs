//! How far each partition's events have been read, and in which data set of Redis.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "positions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub partition: i32,
    /// The two halves of the id of the newest entry that was applied.
    pub entry_ms: i64,
    pub entry_seq: i64,
    /// Names the data set that the entry belongs to; empty as long as that is not known.
    pub epoch: String,
    pub projected_at: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
