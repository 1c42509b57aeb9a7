//! SQLite beneath its client library: how it [writes its log](vfs), and how a thread [uses a connection](Direct) without the
//! client's.
//!
//! Both need the interface of a C library, which is unsafe. There is no other unsafe code.

mod direct;
pub mod vfs;

pub use direct::Direct;
