//! One `up` in a folder: two would run two Redis servers on the same files. The lock goes with its holders,
//! so that nothing is left to clean up after a crash; the guard holds it too until everything has ended.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Write},
    path::Path,
};

use anyhow::{Context, bail};

/// The data folder, taken.
#[derive(Debug)]
pub(super) struct Folder {
    lock: File,
}

/// Creates the folder where it is missing, and takes it.
///
/// # Errors
/// Another `up` has it; the message says which.
pub(super) fn take(data: &Path) -> anyhow::Result<Folder> {
    std::fs::create_dir_all(data).with_context(|| format!("can't create {}", data.display()))?;
    let path = data.join("orderctl.lock");
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
    let mut lock = open.with_context(|| format!("can't open {}", path.display()))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = lock.read_to_string(&mut holder);
            let process = holder.trim();
            bail!(
                "Orderflow already runs in this folder (process {process}): use that, or stop it first with \
                 Ctrl-C in its terminal or `kill {process}`"
            );
        }
        Err(TryLockError::Error(error)) => return Err(error).context("can't lock ./data"),
    }
    // Only for the message above: the lock itself is what counts.
    let written = lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id()));
    written.with_context(|| format!("can't write {}", path.display()))?;
    Ok(Folder { lock })
}

impl Folder {
    /// The lock for a child process to hold as well: it is free once all holders are gone.
    pub(super) fn share(&self) -> std::io::Result<File> {
        self.lock.try_clone()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn the_second_is_told_who_has_it_until_all_holders_are_gone() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let first = take(&data).unwrap();
        let shared = first.share().unwrap();
        let refused = take(&data).unwrap_err().to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        drop(first);
        take(&data).unwrap_err();
        drop(shared);
        // A program that another test starts at this moment holds a copy until it begins to run.
        let deadline = Instant::now() + Duration::from_secs(20);
        while let Err(error) = take(&data) {
            assert!(Instant::now() < deadline, "{error}");
            std::thread::yield_now();
        }
    }
}
