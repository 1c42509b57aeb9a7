//! order-api: accepts an order, answers once it is durable, publishes it, and follows what becomes of it.
//!
//! An order's way through these rooms: [`http`] reads the request, `intake` writes order and outbox row in one
//! transaction with many others and only then is the answer sent, `outbox` publishes the row to the streams,
//! `events` applies what the workers report, and `waiting` wakes whoever asked to be told. `orders` is where
//! orders are read. `webhooks` tells whoever asked for it how an order ended. `heal` publishes again what Redis has lost, and
//! `retention` deletes what nobody needs any more.
//!
//! Accepting needs the database and nothing else: with Redis away the outbox grows, and is published when it is back.

pub mod app;
pub mod catalog;
pub mod commands;
pub mod config;
mod entities;
mod events;
mod heal;
pub mod http;
mod intake;
mod metrics;
mod migrations;
mod orders;
mod outbox;
pub mod populate;
mod queue;
mod retention;
mod storage;
mod waiting;
mod webhooks;

pub use app::App;
pub use config::Config;

/// The CloudEvents `source` of what this service writes.
const SOURCE: &str = "/order-api";
