//! The catalogue: customers and articles with prices, against which strict mode checks an order before it is accepted.

mod sample;
mod strict;

pub(crate) use sample::{CUSTOMERS, ITEMS, add_samples};
pub(crate) use strict::Catalog;
