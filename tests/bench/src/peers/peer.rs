//! The peers: their programs, their versions, what can be set, and what each promises.

use std::{fmt, path::PathBuf};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use tokio::process::Command;

use crate::host::{Process, Site};

/// Pinned there, and so what was installed.
const BULLMQ: &str = include_str!("../../../peers/bullmq/package.json");
const APALIS: &str = include_str!("../../../peers/apalis/Cargo.toml");

/// Names of the processes of one peer. There are never more.
const PROCESSES: [[&str; 2]; 2] = [["bullmq", "bullmq-2"], ["apalis", "apalis-2"]];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Peer {
    BullMq,
    Apalis,
}

/// How a peer is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Setting {
    pub(crate) peer: Peer,
    /// BullMQ's `concurrency`, apalis' `batch_size`, of each process.
    pub(crate) width: u32,
    pub(crate) processes: u32,
}

impl Peer {
    pub(crate) const ALL: [Self; 2] = [Self::BullMq, Self::Apalis];

    /// Of its figures.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::BullMq => "bullmq",
            Self::Apalis => "apalis",
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::BullMq => "BullMQ",
            Self::Apalis => "apalis",
        }
    }

    /// What it is called to set how much it does at once.
    pub(crate) const fn width(self) -> &'static str {
        match self {
            Self::BullMq => "concurrency",
            Self::Apalis => "batch_size",
        }
    }

    /// With what belongs to it.
    pub(crate) fn versions(self) -> String {
        match self {
            Self::BullMq => {
                let version = |name| node_version(name).unwrap_or_default();
                let node = crate::report::first_line("node", "--version");
                format!("BullMQ {}, ioredis {}, Node.js {node}", version("bullmq"), version("ioredis"))
            }
            Self::Apalis => {
                let version = |name| crate_version(name).unwrap_or_default();
                format!("apalis {}, apalis-redis {}", version("apalis"), version("apalis-redis"))
            }
        }
    }

    /// Orderflow's worker has a ledger, a fence and two events for each order; docs/PERFORMANCE.md has the whole table.
    pub(crate) const fn promises(self) -> &'static str {
        match self {
            Self::BullMq => {
                "at least once, with a lock for each job and a short stream of events; no ledger of what was done \
                 outside, no outbox; what Redis loses is lost"
            }
            Self::Apalis => {
                "at least once; as it is set here without leases and events; no ledger of what was done outside, no \
                 outbox; what Redis loses is lost"
            }
        }
    }

    /// Adds jobs; how many a second.
    pub(crate) async fn fill(self, site: &Site, jobs: u64) -> anyhow::Result<f64> {
        #[derive(Deserialize)]
        struct Said {
            per_second: f64,
        }
        let mut command = self.command(site)?;
        command.args(["fill", &url(site), &jobs.to_string()]).kill_on_drop(true);
        let output = command.output().await.with_context(|| format!("can't start {}", self.name()))?;
        let words = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{} can't add jobs ({}):\n{words}", self.name(), output.status);
        let said: Said = serde_json::from_slice(&output.stdout)?;
        Ok(said.per_second)
    }

    fn command(self, site: &Site) -> anyhow::Result<Command> {
        let (program, script): (PathBuf, _) = match self {
            Self::BullMq => ("node".into(), Some(site.peers()?.join("bullmq/peer.js"))),
            Self::Apalis => (site.peers()?.join("apalis/release/peer-apalis"), None),
        };
        let file = script.as_ref().unwrap_or(&program);
        ensure!(file.is_file(), "{} is missing: `make bench-peers` builds it", file.display());
        let mut command = Command::new(&program);
        command.args(script);
        Ok(command)
    }
}

impl Setting {
    /// Starts one of its processes, which works on whatever there is.
    pub(crate) fn start(self, site: &Site, number: u32) -> anyhow::Result<Process> {
        let mut command = self.peer.command(site)?;
        command.args(["work", &url(site), &self.width.to_string(), &format!("worker-{number}")]);
        command.env("NODE_ENV", "production");
        let name = PROCESSES[self.peer as usize][number as usize];
        Process::start(name, command, site.path())
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { peer, width, processes } = self;
        write!(f, "{} {width}, {processes} process", peer.width())?;
        f.write_str(if *processes == 1 { "" } else { "es" })
    }
}

fn url(site: &Site) -> String {
    format!("redis://127.0.0.1:{}", site.redis)
}

fn node_version(name: &str) -> Option<String> {
    let package: serde_json::Value = serde_json::from_str(BULLMQ).ok()?;
    Some(package["dependencies"][name].as_str()?.to_owned())
}

fn crate_version(name: &str) -> Option<&'static str> {
    let own = |line: &'static str| line.split_once(" = ").filter(|(before, _)| *before == name);
    let (_, version) = APALIS.lines().find_map(own)?;
    version.split('"').find_map(|part| part.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn their_versions_are_pinned() {
        for name in ["bullmq", "ioredis"] {
            let version = node_version(name).unwrap();
            assert!(version.starts_with(|first: char| first.is_ascii_digit()), "{name} {version}");
        }
        for name in ["apalis", "apalis-redis"] {
            assert!(crate_version(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_setting_is_said_in_words() {
        let setting = |processes| Setting { peer: Peer::BullMq, width: 100, processes };
        assert_eq!(setting(1).to_string(), "concurrency 100, 1 process");
        assert_eq!(setting(2).to_string(), "concurrency 100, 2 processes");
    }
}
