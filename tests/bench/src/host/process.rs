//! One running program.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

/// How long a program may take to serve, and to end.
const PATIENCE: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(10);
const SHOWN_LINES: usize = 20;

/// Ended when dropped: nothing of it uses its folder any more.
#[derive(Debug)]
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    pid: Pid,
    log: PathBuf,
}

impl Process {
    /// Starts it, with its output in the folder.
    pub(crate) fn start(name: &'static str, mut command: Command, folder: &Path) -> anyhow::Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let out = File::options().create(true).append(true).open(&log)?;
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        // A group of its own: Ctrl-C is for us, and we end it.
        let child = command.process_group(0).kill_on_drop(true).spawn();
        let child = child.with_context(|| format!("can't start {name}"))?;
        let pid =
            child.id().and_then(|id| Pid::from_raw(id.cast_signed())).context("it has no process id")?;
        Ok(Self { name, child, pid, log })
    }

    /// Waits until it serves.
    pub(super) async fn ready(mut self, serves: impl AsyncFn() -> bool) -> anyhow::Result<Self> {
        let deadline = Instant::now() + PATIENCE;
        while !serves().await {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended before it was ready ({status}):\n{}", self.name, self.last_lines());
            }
            if Instant::now() >= deadline {
                bail!("{} does not serve:\n{}", self.name, self.last_lines());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(self)
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) const fn pid(&self) -> Pid {
        self.pid
    }

    /// Lets it finish what is in hand.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        kill_process(self.pid, Signal::TERM)?;
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = ended.with_context(|| format!("{} does not end", self.name))??;
        if !status.success() {
            bail!("{} ended badly ({status}):\n{}", self.name, self.last_lines());
        }
        Ok(())
    }

    fn last_lines(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.start_kill();
        let deadline = Instant::now() + PATIENCE;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(LOOK_EVERY);
        }
    }
}
