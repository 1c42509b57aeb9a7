//! The rebuild after events were lost: one row, which stays when it is done.

use sea_orm::entity::prelude::*;

/// The id of the only row.
pub const ONLY: i32 = 1;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rebuild")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// Grows with every step, so that no two make the same one.
    pub revision: i64,
    /// How often all orders are still to be read; 0: it is done.
    pub passes_left: i32,
    /// The last order of this pass that was read; null at its beginning.
    pub last_order_id: Option<Uuid>,
    /// Nothing is read before.
    pub due_at: i64,
    pub begun_at: i64,
    /// When numbers were corrected last; 0: never.
    pub corrected_at: i64,
    pub orders_read: i64,
    pub orders_corrected: i64,
    /// The instance that works on it, as long as its claim lasts.
    pub claimed_by: Option<String>,
    pub claimed_until: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
