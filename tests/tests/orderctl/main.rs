//! `orderctl` against the real services: every command, what it prints for people and for programs, and its exit status. `up` is
//! tested with the rest of the system, in `tests/tests/system/up.rs`.

mod audit;
mod backup;
mod change;
mod ctl;
mod dead;
mod errors;
mod follow;
mod hostile;
mod list;
mod pipes;
mod place;
mod terminal;
mod top;
