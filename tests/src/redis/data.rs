//! What a redis-server that is not running has on its disk, to be lost.

use std::{
    fs::OpenOptions,
    io,
    path::{Path, PathBuf},
};

use crate::daemon::Daemon;

/// The end of the append-only file at one moment. Redis writes whole commands, so that is a state it was in.
#[derive(Debug)]
pub struct Tail {
    file: PathBuf,
    length: u64,
}

impl Tail {
    /// Of a running server.
    ///
    /// # Panics
    /// When it has no append-only file.
    pub fn now(redis: &Daemon) -> Self {
        let file = append_only_file(&redis.recipe.folder).expect("Redis keeps an append-only file");
        let length = length(&file);
        Self { file, length }
    }

    /// Loses everything after it; how many bytes that are.
    ///
    /// # Panics
    /// When the server runs.
    pub fn lose(self, redis: &Daemon) -> u64 {
        assert!(!redis.is_running(), "a running server would write on at its own place");
        let lost = length(&self.file).saturating_sub(self.length);
        let file = OpenOptions::new().write(true).open(&self.file).expect("the file is still there");
        file.set_len(self.length).expect("a file can be cut");
        lost
    }
}

/// Loses everything.
///
/// # Panics
/// When the server runs.
pub fn remove_all(redis: &Daemon) {
    assert!(!redis.is_running(), "a running server would not notice");
    let folder = &redis.recipe.folder;
    std::fs::remove_dir_all(folder).and_then(|()| std::fs::create_dir(folder)).expect("its own folder");
}

/// The part that is written to. Redis begins another one only when it is large.
fn append_only_file(folder: &Path) -> io::Result<PathBuf> {
    let mut parts = std::fs::read_dir(folder.join("appendonlydir"))?.flatten().map(|part| part.path());
    let part = parts.find(|part| part.to_string_lossy().ends_with(".incr.aof"));
    part.ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn length(file: &Path) -> u64 {
    file.metadata().expect("the file is there").len()
}
