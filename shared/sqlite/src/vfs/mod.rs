//! A VFS that writes what a transaction adds to the log at once; but for how it opens a log, it is the system's own one.
//!
//! SQLite writes each page of a transaction to its write-ahead log by itself, in two calls to the system: a head of 24 bytes, then the
//! page. A transaction that takes in many orders changes dozens of pages, and with a disk that syncs fast those calls are a good part of
//! what it costs. Here they are gathered in memory and written by a call or two when SQLite syncs the log, which it does before it lets
//! anybody see the transaction.
//!
//! **Only for connections with `synchronous=FULL` and `cache_spill=OFF`.** Then SQLite writes to its log within a commit and at no other
//! time, and each commit ends with a sync. Without the first, others would look for pages in the log that are not there yet; without
//! the second, pages of a transaction that was taken back could be written over those of another connection's.
//!
//! A commit is as durable as it is without: it ends with the same sync of the same bytes. A write that fails shows at the sync, still
//! before the commit, and fails it as it would have before.
//!
//! Everything else is SQLite's own VFS. Files that are no log are not touched.

mod file;
mod gathered;

use std::{
    ffi::{CStr, c_int},
    ptr,
    sync::LazyLock,
};

use libsqlite3_sys::{
    SQLITE_OK, SQLITE_OPEN_WAL, sqlite3_file, sqlite3_filename, sqlite3_vfs, sqlite3_vfs_find,
    sqlite3_vfs_register,
};

const NAME: &CStr = c"orderflow-wal";

/// SQLite would not have the VFS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("SQLite can't take the VFS for its log: result code {0}")]
pub struct Unavailable(c_int);

/// The name to open connections with, those that the module's document says. The first call tells SQLite of it.
pub fn register() -> Result<&'static str, Unavailable> {
    static REGISTERED: LazyLock<Result<(), Unavailable>> = LazyLock::new(add);
    REGISTERED.map(|()| NAME.to_str().expect("the name is ASCII"))
}

/// What SQLite knows, and behind it what it need not know.
#[repr(C)]
struct Vfs {
    known: sqlite3_vfs,
    system: *mut sqlite3_vfs,
}

fn add() -> Result<(), Unavailable> {
    // SAFETY: null asks for the default one, and what is returned lives as long as the process.
    let system = unsafe { sqlite3_vfs_find(ptr::null()) };
    // SAFETY: either null or a valid VFS, whose fields only SQLite's registration changes, under its lock: `pNext` and nothing
    // that is read here.
    let Some(known) = (unsafe { system.as_ref() }) else {
        return Err(Unavailable(libsqlite3_sys::SQLITE_ERROR));
    };
    // All its functions work on files and paths; of the VFS they are handed they read what is copied here.
    let known = sqlite3_vfs {
        szOsFile: file::size(known.szOsFile),
        pNext: ptr::null_mut(),
        zName: NAME.as_ptr(),
        xOpen: Some(open),
        ..*known
    };
    let vfs = Box::leak(Box::new(Vfs { known, system }));
    // SAFETY: it is never freed. SQLite takes its own lock.
    match unsafe { sqlite3_vfs_register(ptr::from_mut(vfs).cast(), 0) } {
        SQLITE_OK => Ok(()),
        code => Err(Unavailable(code)),
    }
}

/// Opens a file; a log is wrapped.
///
/// # Safety
/// As SQLite calls it: `vfs` is the one that was registered, `file` has `szOsFile` bytes.
unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite hands back the pointer that it was given, which is to a `Vfs`.
    let system = unsafe { (*vfs.cast::<Vfs>()).system };
    // SAFETY: the system's VFS lives as long as the process, and every VFS can open files.
    let open = unsafe { (*system).xOpen }.expect("every VFS opens files");
    if flags & SQLITE_OPEN_WAL == 0 {
        // SAFETY: as this function was called, and the file has more room than it needs.
        return unsafe { open(system, name, file, flags, out_flags) };
    }
    // SAFETY: the room behind the wrapper is the one that the system's VFS asks for.
    unsafe { file::wrap(file, |file| open(system, name, file, flags, out_flags)) }
}
