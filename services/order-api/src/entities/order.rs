//! An order: what was ordered, which never changes, and where it stands, which only [`crate::events`] changes.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "orders")]
pub(crate) struct Model {
    /// The UUIDv7 of the order id: the table's order is the order of arrival.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: String,
    /// A JSON list of texts.
    #[sea_orm(column_type = "Text")]
    pub item_ids: String,
    pub total_amount: i64,
    pub placed_at: i64,
    /// As on the wire.
    pub status: String,
    /// Of the last event that was applied.
    pub version: i32,
    /// The version that its present life began with: 1, or that of a person's retry.
    pub life: i32,
    /// How often a worker took it in this life.
    pub attempts: i32,
    /// When the last attempt began.
    pub started_at: Option<i64>,
    pub updated_at: i64,
    pub completed_at: Option<i64>,
    pub failure_code: Option<String>,
    pub failure_message: Option<String>,
    /// What was done outside for it is being undone.
    pub compensating: bool,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
