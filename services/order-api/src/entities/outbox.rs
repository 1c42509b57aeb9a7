//! An order that is to be published: written with the order, gone once it is in the streams.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub(crate) struct Model {
    /// The run of the service that wrote it. Only one task of one process numbers its rows, so they become
    /// visible in the order of `seq`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub producer: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    pub order_id: Uuid,
    /// What is to be published: `place`, `process` or `compensate`.
    pub kind: String,
    /// The order's version before what is asked for.
    pub version: i32,
    /// The attempt that is asked for.
    pub attempt: i32,
    /// What is to be undone, a JSON list of steps; null: everything.
    pub steps: Option<String>,
    /// W3C trace context of the request.
    pub traceparent: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter)]
pub(crate) enum Relation {
    Order,
}

impl RelationTrait for Relation {
    fn def(&self) -> RelationDef {
        Entity::belongs_to(super::order::Entity).from(Column::OrderId).to(super::order::Column::Id).into()
    }
}

impl Related<super::order::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Order.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
