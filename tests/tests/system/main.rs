//! System tests: the real programs against a real redis-server, some on a real PostgreSQL, each test with a whole system of
//! its own.
//! One test program rather than many, so that they share the machine's cores instead of queueing for the linker.

mod any_order;
mod commands;
mod crowd;
mod drain;
mod happy_path;
mod idempotency;
mod kill;
mod postgres;
mod redis_restart;
mod resources;
mod traces;
mod up;
