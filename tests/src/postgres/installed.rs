//! Where the machine's PostgreSQL is. Packages keep the server's programs out of PATH, because several versions may be
//! installed side by side.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Folders that have a folder for each version.
const VERSIONED: [(&str, &str); 3] = [
    // Debian, Ubuntu
    ("/usr/lib/postgresql", ""),
    // Homebrew on Apple silicon, and on Intel
    ("/opt/homebrew/opt", "postgresql@"),
    ("/usr/local/opt", "postgresql@"),
];

/// The folder of the server's programs.
///
/// # Panics
/// When PostgreSQL is not installed, with what to do.
pub(super) fn folder() -> PathBuf {
    let folder = in_path().into_iter().chain(configured()).chain(versions()).find(|folder| is_whole(folder));
    folder.expect("PostgreSQL (initdb, postgres, createdb) is missing: run `.ci/setup.sh test`")
}

fn is_whole(folder: &Path) -> bool {
    ["initdb", "postgres", "createdb"].iter().all(|program| folder.join(program).is_file())
}

/// Where PATH has `initdb`, be it by a link.
fn in_path() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let initdb = std::env::split_paths(&path).filter_map(|folder| folder.join("initdb").canonicalize().ok());
    initdb.filter_map(|initdb| Some(initdb.parent()?.to_owned())).collect()
}

/// What PostgreSQL's own tool says.
fn configured() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim_end()))
}

/// The newest first.
fn versions() -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = VERSIONED
        .iter()
        .filter_map(|(parent, prefix)| Some((std::fs::read_dir(parent).ok()?, prefix)))
        .flat_map(|(folders, prefix)| folders.flatten().map(move |folder| (folder, prefix)))
        .filter_map(|(folder, prefix)| {
            let version = folder.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((version, folder.path().join("bin")))
        })
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, folder)| folder).collect()
}
