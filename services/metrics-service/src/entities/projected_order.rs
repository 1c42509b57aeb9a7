//! How far each order is: what tells whether an event was counted.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "projected_orders")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: Uuid,
    /// Of the last event that was applied.
    pub version: i64,
    pub status: String,
    pub placed_at: i64,
    /// When its first attempt began; null as long as that is not known, and then not counted as waiting.
    pub first_started_at: Option<i64>,
    /// The version at which the durations of its newest end (completed or failed) were counted; null while none were.
    pub measured_version: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
