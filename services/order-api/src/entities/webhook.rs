//! An event that is told, or was: one delivery.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhooks")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: Uuid,
    /// Of the event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i32,
    /// The CloudEvents type of the event.
    pub kind: String,
    pub url: String,
    /// Host and port of the URL.
    pub receiver: String,
    pub created_at: i64,
    /// When the next attempt is due. While one is under way it is the time after which another replica may take it for lost.
    /// None: it is over.
    pub due_at: Option<i64>,
    pub finished_at: Option<i64>,
    pub state: String,
    /// Attempts that were begun.
    pub attempts: i32,
    /// Attempts that came to an end, as JSON.
    #[sea_orm(column_type = "Text")]
    pub log: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
