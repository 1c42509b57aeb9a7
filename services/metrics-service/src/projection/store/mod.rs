//! The projection in the database.
//!
//! What every batch does is many rows in one statement ([`rows`](runtime::db::rows)). Every upsert of a sum adds to what is
//! there. Rows are written in the order of their keys: two writers never wait for each other.

mod load;
mod orders;
mod position;
mod rebuild;
mod sums;

use sea_orm::{DatabaseTransaction, DbErr};

use super::change::Change;

pub(super) use self::{
    load::load,
    orders::orders,
    position::{advance, hold_all, name_epoch, reached, replace},
    rebuild::{begin as begin_rebuild, claim as claim_rebuild, go_on as go_on_with_rebuild, read as rebuild},
    sums::forget_before,
};

/// Writes everything but how far the events or the orders were read, which has been written before.
pub(super) async fn save(transaction: &DatabaseTransaction, change: &Change) -> Result<(), DbErr> {
    orders::save(transaction, &change.orders).await?;
    sums::add_counts(transaction, change.counts).await?;
    sums::add_durations(transaction, &change.samples).await?;
    sums::add_flows(transaction, &change.flows).await
}
