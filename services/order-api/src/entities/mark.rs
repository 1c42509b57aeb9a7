//! How far Redis was when this service saw it last, for each partition: what it is compared with.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "marks")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub partition: i32,
    pub epoch: String,
    /// The last id of the queue: its millisecond and its counter.
    pub last_ms: i64,
    pub last_counter: i64,
    /// Redis has lost something, and not all of it is published again.
    pub lost: bool,
    /// When it was found to have lost something the last time; 0: never.
    pub lost_at: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
