//! wrk, run once against one server.

use std::path::Path;

use anyhow::{Context, bail};
use serde::Deserialize;
use tokio::process::Command;

const SCRIPT: &str = include_str!("order.lua");
/// Every connection runs in one thread: more would only take turns with the server's on few cores.
const THREADS: &str = "1";
/// The kernel's backlog lets in some thousands at once; who comes too late tries again after one second, then two.
const CONNECTIONS_A_SECOND: u64 = 2_000;

/// What to send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wrk {
    pub(crate) connections: u32,
    pub(crate) seconds: u64,
    /// An `Idempotency-Key` with each request.
    pub(crate) keyed: bool,
}

/// What came back.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Answered {
    requests: u64,
    /// Requests a second, once all connections are made.
    rate: f64,
    connect: u64,
    read: u64,
    write: u64,
    timeout: u64,
    /// Answers with a status above 399.
    refused: u64,
    p50_us: u64,
    p99_us: u64,
}

impl Wrk {
    /// Makes the connections, then sends until the time is up. `run` must be another text for each run against one server.
    pub(crate) async fn run(self, port: u16, run: &str, folder: &Path) -> anyhow::Result<Answered> {
        let script = folder.join("order.lua");
        std::fs::write(&script, SCRIPT)?;
        let ramp = u64::from(self.connections) / CONNECTIONS_A_SECOND;
        let mut command = Command::new("wrk");
        command
            .args(["--threads", THREADS, "--latency", "--timeout", "10s"])
            .args(["--connections", &self.connections.to_string()])
            .args(["--duration", &format!("{}s", ramp + self.seconds)])
            .arg("--script")
            .arg(script)
            .arg(format!("http://127.0.0.1:{port}/orders"))
            .args(["--", run, if self.keyed { "keyed" } else { "plain" }, &ramp.to_string()]);
        let output = command.process_group(0).kill_on_drop(true).output().await;
        let output = output.context("wrk can't be started: `apt-get install wrk` or `brew install wrk`")?;
        let text = String::from_utf8_lossy(&output.stdout);
        match text.lines().rev().find(|line| line.starts_with('{')) {
            Some(line) => Ok(serde_json::from_str(line)?),
            None => bail!("wrk failed: {text}{}", String::from_utf8_lossy(&output.stderr)),
        }
    }
}

impl Answered {
    /// Answers that were no refusals.
    pub(crate) const fn good(&self) -> u64 {
        self.requests.saturating_sub(self.refused)
    }

    /// Good answers a second.
    pub(crate) fn rate(&self) -> f64 {
        self.rate * self.good() as f64 / self.requests.max(1) as f64
    }

    /// Connections that broke, and answers that came too late or not at all.
    pub(crate) const fn errors(&self) -> u64 {
        self.connect + self.read + self.write + self.timeout
    }

    pub(crate) const fn refused(&self) -> u64 {
        self.refused
    }

    pub(crate) const fn p50_ms(&self) -> f64 {
        self.p50_us as f64 / 1e3
    }

    pub(crate) const fn p99_ms(&self) -> f64 {
        self.p99_us as f64 / 1e3
    }
}
