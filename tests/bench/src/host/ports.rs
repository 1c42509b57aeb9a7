//! Ports to listen on, from below the range that systems use for the near end of connections: ten thousand of those come
//! and go here.

use std::{
    net::TcpListener,
    sync::atomic::{AtomicU16, Ordering},
};

use anyhow::Context;

const FIRST: u16 = 12_000;
const LAST: u16 = 18_000;

/// A port that nobody listens on.
pub(super) fn free() -> anyhow::Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = std::process::id() as u16;
    (FIRST..LAST)
        .map(|_| FIRST + begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % (LAST - FIRST))
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .with_context(|| format!("no free port between {FIRST} and {LAST}"))
}
