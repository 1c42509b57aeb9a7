//! The live dashboard: one page that says how orders fare, and if they are late, why.
//!
//! ```text
//! events ─▶ recent ──┐                        ┌─▶ stream: server-sent events, one a second
//! Redis ──▶ sight ───┼─▶ live ─▶ diagnosis ───┘
//! projection ────────┤
//!                    └─▶ history: sampler, every ten seconds ─▶ database ─▶ charts
//! order-api ◀── order_api: an order's timeline, dead letters
//! ```
//!
//! Nothing here holds up the projection: it hands over each batch once it is committed (`recent`), and that is all. What a page
//! is sent is made once for all pages, from memory.

mod admin;
mod assets;
mod diagnosis;
mod history;
mod live;
mod order_api;
mod recent;
mod routes;
mod sight;
mod snapshot;
mod stream;

pub use self::admin::AdminKey;
pub(crate) use self::{
    admin::SHORTEST_ADMIN_KEY,
    history::{History, Sampler},
    live::Live,
    order_api::OrderApi,
    recent::Recent,
    routes::Dashboard,
    sight::Sight,
    stream::Streams,
};
