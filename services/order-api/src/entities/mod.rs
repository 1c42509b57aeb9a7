//! The tables of order-api's own database. Times are microseconds since the epoch, money is ten-thousandths.

pub(crate) mod callback;
pub(crate) mod catalog_item;
pub(crate) mod customer;
pub(crate) mod idempotency_key;
pub(crate) mod mark;
pub(crate) mod order;
pub(crate) mod order_event;
pub(crate) mod outbox;
pub(crate) mod producer;
pub(crate) mod webhook;
