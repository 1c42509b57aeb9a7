//! Faults under load: the real programs, a real Redis, a real shop outside, and something that breaks.
//!
//! Each scenario does the same: load, the fault, more load, and then the [reckoning]: nothing that was accepted is
//! lost, nothing happened twice, and whatever was paid for an order that failed is paid back. A line of a [table] says
//! what it came to.
//!
//! Most of them have a steady load. [plug] has as much as the clients can send, and looks into the databases themselves.
//!
//! As part of all tests each fault strikes once, under a light load. `make chaos` has it strike `CHAOS_ROUNDS` times under a
//! heavier one, and prints the table.

mod disk;
mod groups;
mod kill;
mod loss;
mod network;
mod payments;
mod plug;
mod reckoning;
mod rolling;
mod stall;
#[cfg(target_os = "linux")]
mod storage;
mod table;
mod world;
