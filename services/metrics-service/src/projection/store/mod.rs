//! The projection in the database.
//!
//! What every batch does is many rows in one statement ([`rows`](runtime::db::rows)). Every upsert of a sum adds to what is
//! there. Rows are written in the order of their keys: two writers never wait for each other.

mod load;
mod orders;
mod position;
mod rebuild;
mod sums;

use runtime::db::rows::Batch;
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
    let mut batch = Batch::default();
    orders::save(&mut batch, &change.orders);
    sums::add_counts(&mut batch, change.counts);
    sums::add_durations(&mut batch, &change.samples);
    sums::add_flows(&mut batch, &change.flows);
    batch.write(transaction).await.map(drop)
}
