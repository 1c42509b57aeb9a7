//! A run of the service that has published something, and that Redis remembers by its name.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "producers")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub producer: Uuid,
    /// When it was last known to run, or to have rows in the outbox.
    pub seen_at: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
