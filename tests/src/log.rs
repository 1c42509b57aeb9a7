//! What a program writes goes to a file, over all its starts, and is shown when the test fails.

use std::{
    fs::{File, OpenOptions},
    path::PathBuf,
};

const SHOWN_LINES: usize = 60;

#[derive(Debug)]
pub struct Log {
    name: String,
    path: PathBuf,
}

impl Log {
    pub fn new(name: &str, path: PathBuf) -> Self {
        Self { name: name.to_owned(), path }
    }

    /// To write on at its end.
    pub fn open(&self) -> File {
        let file = OpenOptions::new().create(true).append(true).open(&self.path);
        file.expect("a log file in the test's own folder")
    }

    /// All that was written so far.
    pub fn text(&self) -> String {
        let bytes = std::fs::read(&self.path).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let text = self.text();
            let lines: Vec<&str> = text.lines().collect();
            let from = lines.len().saturating_sub(SHOWN_LINES);
            eprintln!("--- {}: the last of {} lines", self.name, lines.len());
            for line in &lines[from..] {
                eprintln!("{line}");
            }
        }
    }
}
