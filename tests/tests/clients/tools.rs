//! The tools, and how they are run.

use std::path::{Path, PathBuf};

use tokio::process::Command;

/// Of the repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are in the repository")
}

/// Where `.ci/clients.sh` puts them.
pub(crate) fn folder() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    // <target>/<profile>/deps/<test>
    test.ancestors().nth(3).expect("the test is in a target folder").join("tools/clients")
}

pub(crate) fn python(program: &str) -> Command {
    tool(folder().join("python/bin").join(program))
}

pub(crate) fn node(program: &str) -> Command {
    tool(folder().join("node/node_modules/.bin").join(program))
}

fn tool(path: PathBuf) -> Command {
    assert!(path.is_file(), "{} is missing: run `.ci/clients.sh` first", path.display());
    let mut command = Command::new(path);
    command.kill_on_drop(true);
    command
}

/// Runs it to its end, and shows what it said if that is not a good one; else it is the answer.
pub(crate) async fn run(command: &mut Command) -> String {
    let output = command.output().await.expect("it can be started");
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{:?} {}\n{text}", command.as_std(), output.status);
    text
}
