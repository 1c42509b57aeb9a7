//! Ports that stay ours while a program that has one is killed and started again. Asking the system for a
//! free port and letting it go again is not enough: under load it is soon the near end of somebody's
//! connection. So ports come from below the range that systems use for those, and a lock file for each keeps other
//! tests away, in this process and in others.

use std::{
    fs::{File, OpenOptions},
    net::TcpListener,
    sync::atomic::{AtomicU16, Ordering},
};

const FIRST: u16 = 18_000;
const LAST: u16 = 30_000;

/// Some consecutive ports, ours until dropped.
#[derive(Debug)]
pub struct Lease {
    pub first: u16,
    _locks: Vec<File>,
}

/// # Panics
/// When there is no room left.
pub fn lease(count: u16) -> Lease {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let folder = std::env::temp_dir().join("orderflow-test-ports");
    std::fs::create_dir_all(&folder).expect("a folder for the locks");
    // Another place to begin in each process spares looking at what the others have.
    let begin = std::process::id() as u16 % 1_000 * 10;
    for _ in 0..(LAST - FIRST) {
        let offset = begin.wrapping_add(NEXT.fetch_add(count, Ordering::Relaxed)) % (LAST - FIRST - count);
        let first = FIRST + offset;
        let locks: Option<Vec<File>> = (first..first + count)
            .map(|port| {
                let path = folder.join(port.to_string());
                let lock = OpenOptions::new().create(true).write(true).truncate(false).open(path).ok()?;
                lock.try_lock().ok()?;
                TcpListener::bind(("127.0.0.1", port)).ok()?;
                Some(lock)
            })
            .collect();
        if let Some(locks) = locks {
            return Lease { first, _locks: locks };
        }
    }
    panic!("no {count} free ports between {FIRST} and {LAST}");
}
