//! A log: a file of the system's VFS, before which writes are gathered.

use std::{
    ffi::{c_int, c_void},
    ptr, slice,
};

use libsqlite3_sys::{SQLITE_OK, sqlite3_file, sqlite3_int64, sqlite3_io_methods};

use super::gathered::{Code, Gathered};

/// The system's VFS writes no more at once: of a length it takes the lower 17 bits, and of 128 KiB nothing.
const MOST_AT_ONCE: usize = 0x1_f000;

/// In memory that SQLite provides; the system's file lies behind it.
#[repr(C, align(8))]
struct Log {
    known: sqlite3_file,
    gathered: Gathered,
}

/// A log is read, written, synced, measured and cut. What is mapped and locked is the database's file, which is none of ours.
static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

/// The bytes of a file whose system's file takes so many.
pub(crate) fn size(system: c_int) -> c_int {
    size_of::<Log>() as c_int + system
}

/// Opens the system's file, and wraps it if that went well.
///
/// # Safety
/// `file` has as many bytes as [`size`] says, aligned as SQLite does it, to 8; `open` opens a file in as many as it was told.
pub(crate) unsafe fn wrap(file: *mut sqlite3_file, open: impl FnOnce(*mut sqlite3_file) -> c_int) -> c_int {
    let system = system(file);
    // SAFETY: both lie within the file. Without methods SQLite takes a file for one that was never opened.
    unsafe {
        (*file).pMethods = ptr::null();
        (*system).pMethods = ptr::null();
    }
    let code = open(system);
    if code == SQLITE_OK {
        let log = Log { known: sqlite3_file { pMethods: &raw const METHODS }, gathered: Gathered::default() };
        // SAFETY: there is room for it, and what was there needs no drop.
        unsafe { file.cast::<Log>().write(log) };
    } else {
        // SAFETY: what has methods is to be closed, even if it could not be opened.
        unsafe {
            if let Some(methods) = (*system).pMethods.as_ref() {
                methods.xClose.map(|close| close(system));
            }
        }
    }
    code
}

fn system(file: *mut sqlite3_file) -> *mut sqlite3_file {
    file.cast::<Log>().wrapping_add(1).cast()
}

/// Calls a method of the system's file.
macro_rules! of_system {
    ($file:expr, $method:ident $(, $argument:expr)*) => {{
        let system = system($file);
        // SAFETY: it was opened by `wrap`, so it has methods, and these are among those that every file has.
        unsafe { ((*(*system).pMethods).$method.expect("every file has it"))(system $(, $argument)*) }
    }};
}

/// What is gathered, and what writes it for good.
///
/// # Safety
/// `file` was wrapped and is not closed, and nobody else uses it: SQLite serves one connection in one thread at a time.
unsafe fn parts<'a>(
    file: *mut sqlite3_file,
) -> (&'a mut Gathered, impl FnMut(i64, &[u8]) -> Result<(), Code>) {
    // SAFETY: see above.
    let gathered = unsafe { &mut (*file.cast::<Log>()).gathered };
    let write = move |mut at: i64, bytes: &[u8]| {
        for part in bytes.chunks(MOST_AT_ONCE) {
            match of_system!(file, xWrite, part.as_ptr().cast(), part.len() as c_int, at) {
                SQLITE_OK => at += part.len() as i64,
                code => return Err(code),
            }
        }
        Ok(())
    };
    (gathered, write)
}

/// Writes what is held back.
///
/// # Safety
/// As [`parts`].
unsafe fn flush(file: *mut sqlite3_file) -> c_int {
    // SAFETY: as here.
    let (gathered, write) = unsafe { parts(file) };
    gathered.flush(write).err().unwrap_or(SQLITE_OK)
}

// SQLite calls what follows, with files that `wrap` has opened, one call at a time, and with pointers to as much as it says.

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    bytes: *const c_void,
    length: c_int,
    at: sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite says how many bytes there are.
    let bytes = unsafe { slice::from_raw_parts(bytes.cast::<u8>(), usize::try_from(length).unwrap_or(0)) };
    // SAFETY: SQLite calls with an open file.
    let (gathered, write) = unsafe { parts(file) };
    gathered.write(at, bytes, write).err().unwrap_or(SQLITE_OK)
}

unsafe extern "C" fn read(
    file: *mut sqlite3_file,
    bytes: *mut c_void,
    length: c_int,
    at: sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite calls with an open file.
    match unsafe { flush(file) } {
        SQLITE_OK => of_system!(file, xRead, bytes, length, at),
        code => code,
    }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: SQLite calls with an open file.
    match unsafe { flush(file) } {
        SQLITE_OK => of_system!(file, xSync, flags),
        code => code,
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    // SAFETY: SQLite calls with an open file.
    match unsafe { flush(file) } {
        SQLITE_OK => of_system!(file, xTruncate, size),
        code => code,
    }
}

unsafe extern "C" fn file_size(file: *mut sqlite3_file, size: *mut sqlite3_int64) -> c_int {
    // SAFETY: SQLite calls with an open file.
    match unsafe { flush(file) } {
        SQLITE_OK => of_system!(file, xFileSize, size),
        code => code,
    }
}

/// Between two commits nothing is held back.
unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: SQLite calls with an open file.
    let flushed = unsafe { flush(file) };
    let closed = of_system!(file, xClose);
    // SAFETY: SQLite closes a file once and does not use it afterwards.
    unsafe { ptr::drop_in_place(&raw mut (*file.cast::<Log>()).gathered) };
    if closed == SQLITE_OK { flushed } else { closed }
}

unsafe extern "C" fn lock(file: *mut sqlite3_file, level: c_int) -> c_int {
    of_system!(file, xLock, level)
}

unsafe extern "C" fn unlock(file: *mut sqlite3_file, level: c_int) -> c_int {
    of_system!(file, xUnlock, level)
}

unsafe extern "C" fn check_reserved_lock(file: *mut sqlite3_file, is_locked: *mut c_int) -> c_int {
    of_system!(file, xCheckReservedLock, is_locked)
}

unsafe extern "C" fn file_control(file: *mut sqlite3_file, operation: c_int, argument: *mut c_void) -> c_int {
    of_system!(file, xFileControl, operation, argument)
}

unsafe extern "C" fn sector_size(file: *mut sqlite3_file) -> c_int {
    of_system!(file, xSectorSize)
}

unsafe extern "C" fn device_characteristics(file: *mut sqlite3_file) -> c_int {
    of_system!(file, xDeviceCharacteristics)
}
