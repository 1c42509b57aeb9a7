//! What the programs are sent.
//!
//! Rates are measured by wrk. It is in Debian, and it is C around one epoll loop: on few cores what the load generator uses is
//! what the server does not get, and a generator on tokio and hyper, such as oha, would cost about what the server does. A
//! Lua script makes a body of its own for each request, and prints percentiles and errors as JSON.
//! wrk sends the next request of a connection when the last is answered, so it can't hold a rate, wait for orders or keep a
//! backlog within bounds: for that there is a small [`Connection`] of our own.

mod connection;
mod orders;
mod wrk;

pub(crate) use self::{
    connection::Connection,
    orders::{batch, order, order_id, wait_for},
    wrk::{Answered, Wrk},
};
