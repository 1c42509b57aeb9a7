//! How the queue stood at the end of ten seconds, and how long the orders took that ended within.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "samples")]
pub struct Model {
    /// Seconds since the Unix epoch, a multiple of ten.
    #[sea_orm(primary_key, auto_increment = false)]
    pub starts_at_s: i64,
    /// This and the next four: null where Redis did not answer.
    pub waiting: Option<i64>,
    pub in_progress: Option<i64>,
    pub delayed: Option<i64>,
    pub dead: Option<i64>,
    pub oldest_waiting_ms: Option<i64>,
    /// From acceptance to the end: a JSON list of [number of the interval, orders].
    #[sea_orm(column_type = "Text")]
    pub end_to_end: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
