//! A script of `tests/browser` that looks at the dashboard: it says line by line how far it is.

use std::{path::Path, process::Stdio, time::Duration};

use system_tests::Stack;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

/// Of a slow machine that starts several browsers at once.
const PATIENCE: Duration = Duration::from_mins(3);

pub(crate) struct Page {
    script: &'static str,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Page {
    pub(crate) fn open(script: &'static str, stack: &Stack, arguments: &[&str]) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
        let there = folder.join("node_modules").is_dir();
        assert!(there, "tests/browser/node_modules is missing: run .ci/browser.sh");
        let mut command = Command::new("node");
        command.arg(folder.join(script)).arg(&stack.client.metrics).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("node is there: .ci/browser.sh installs it");
        let lines = BufReader::new(child.stdout.take().expect("it was asked for")).lines();
        Self { script, child, lines }
    }

    /// Waits until it says just this.
    pub(crate) async fn says(&mut self, expected: &str) {
        assert_eq!(self.said().await, expected);
    }

    /// The next that it says.
    pub(crate) async fn said(&mut self) -> String {
        let line = timeout(PATIENCE, self.lines.next_line()).await;
        let line = line.unwrap_or_else(|_| panic!("{} said nothing", self.script));
        let line = line.expect("its output can be read");
        line.unwrap_or_else(|| panic!("{} has ended; see its messages above", self.script))
    }

    /// Waits until it has seen everything, and is content.
    pub(crate) async fn sees_everything(mut self) {
        let ended = timeout(PATIENCE, self.child.wait()).await;
        let status = ended
            .unwrap_or_else(|_| panic!("{} did not end", self.script))
            .expect("a child can be waited for");
        assert!(status.success(), "{}: {status}; see its messages above", self.script);
    }
}
