//! One attempt at an order, to process it or to undo what was done for it, as it ended at one worker. Times are microseconds since the Unix epoch.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attempts")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub order_id: Uuid,
    /// The version that this life of the order was placed with.
    pub life: i64,
    /// Of the command: the last version the order had before this attempt.
    pub version: i64,
    /// 1 for the first.
    pub attempt: i64,
    /// The id of the command's entry in the queue.
    pub entry: String,
    pub worker: String,
    /// `completed`, `failed` or `retrying`; of a compensation `compensated`, or `compensating` if something was left to
    /// undo.
    pub outcome: String,
    /// The failure's code; of a compensation, what was left first.
    pub reason: Option<String>,
    /// The steps as they were reported, a JSON list of the contract's `StepReport`; of a compensation, those that are
    /// undone.
    pub steps: String,
    pub started_at: i64,
    pub finished_at: i64,
    /// Somebody else had finished the order when this worker wanted to report; null: not known to be so.
    pub superseded_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
