//! Where the programs under test are: beside the test itself, in the profile's folder.

use std::path::PathBuf;

/// # Panics
/// When it has not been built, with what to do.
pub fn path(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    // <target>/<profile>/deps/<test>
    let folder = test.ancestors().nth(2).expect("the test is in a target folder");
    let path = folder.join(name);
    assert!(path.is_file(), "{} is missing: run `cargo build --workspace --bins` first", path.display());
    path
}
