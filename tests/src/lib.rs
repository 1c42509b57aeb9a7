//! The harness of the system tests: a whole Orderflow of its own for each test. Real programs, a real
//! redis-server, a real PostgreSQL where a test is about it, files in a temporary folder, ports that nobody else has.
//!
//! A test builds a [`Stack`], speaks to it through its [`Client`] or puts it under [`load`], does something bad to
//! one of its [`Daemon`]s, its [network](proxy), its [disk](small_disk) or the [services outside](shop), and then compares
//! what was accepted with what the system says ([`account`]).
//! Nothing here waits for a time to pass: it waits for a condition, with a deadline ([`wait`]). When a test
//! fails, the last log lines of every program are shown.

pub mod account;
pub mod client;
pub mod collector;
pub mod crowd;
pub mod daemon;
pub mod footprint;
pub mod load;
pub mod log;
pub mod plans;
pub mod ports;
pub mod postgres;
pub mod programs;
pub mod proxy;
pub mod redis;
pub mod shop;
#[cfg(target_os = "linux")]
pub mod small_disk;
pub mod stack;
pub mod user;
pub mod wait;

pub use client::Client;
pub use daemon::Daemon;
pub use load::Load;
pub use shop::Shop;
pub use stack::Stack;
pub use wait::{DEADLINE, eventually};
