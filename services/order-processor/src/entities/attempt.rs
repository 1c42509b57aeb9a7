//! One attempt at an order, as it ended at one worker. Times are microseconds since the Unix epoch.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attempts")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub order_id: Uuid,
    /// Of the command: the last version the order had before this attempt.
    pub version: i64,
    /// 1 for the first.
    pub attempt: i64,
    /// The id of the command's entry in the queue.
    pub entry: String,
    pub worker: String,
    /// `completed`, `failed` or `retrying`.
    pub outcome: String,
    /// The failure's code.
    pub reason: Option<String>,
    /// The steps as they were reported, a JSON list of the contract's `StepReport`.
    pub steps: String,
    pub started_at: i64,
    pub finished_at: i64,
    /// Somebody else had finished the order when this worker wanted to report; null: not known to be so.
    pub superseded_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
