//! The private Redis: its settings, and asking it by hand whether it serves.

use std::time::Duration;

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
};

use super::supervise::Program;

/// Where it keeps its data, below the folder that `up` runs in.
pub(super) const DIRECTORY: &str = "data/redis";
/// Below this, streams lack what the services need.
const OLDEST: u32 = 7;
/// Writing the last of the append-only file takes well under this.
const PATIENCE: Duration = Duration::from_secs(15);

/// What every Redis that holds orders must be told: keep what was written, never evict. The rest keeps it private.
fn arguments(port: u16) -> Vec<String> {
    let port = port.to_string();
    [
        ["--port", port.as_str()],
        ["--bind", "127.0.0.1"],
        ["--protected-mode", "yes"],
        ["--dir", DIRECTORY],
        ["--appendonly", "yes"],
        ["--appendfsync", "everysec"],
        ["--save", ""],
        ["--maxmemory-policy", "noeviction"],
        ["--daemonize", "no"],
        // What happens at each start is no news; what goes wrong is.
        ["--loglevel", "warning"],
    ]
    .as_flattened()
    .iter()
    .map(|argument| (*argument).to_owned())
    .collect()
}

pub(super) fn program(port: u16) -> Program {
    Program {
        name: "redis",
        command: Box::new(move || {
            let mut command = Command::new("redis-server");
            command.args(arguments(port));
            command
        }),
        patience: PATIENCE,
        advice: format!(
            "If it can't read its files in ./{DIRECTORY} (a full disk, a crash of the machine), \
             `redis-check-aof` may repair them; orders themselves are in order-api's database."
        ),
    }
}

/// # Errors
/// There is no redis-server, or one that is too old.
pub(super) async fn check_version() -> anyhow::Result<()> {
    let output = Command::new("redis-server").arg("--version").output().await.context(
        "redis-server is not installed: `sudo apt-get install redis-server` or `brew install redis`, or set \
         ORDERFLOW_REDIS__URL to use a Redis of yours",
    )?;
    let text = String::from_utf8_lossy(&output.stdout);
    match major_version(&text) {
        Some(major) if major < OLDEST => bail!(
            "this redis-server is too old ({}): version {OLDEST} or newer is needed; or set \
             ORDERFLOW_REDIS__URL to use a newer one",
            text.trim()
        ),
        _ => Ok(()),
    }
}

/// From a line such as `Redis server v=7.0.15 sha=00000000:0 …`.
fn major_version(text: &str) -> Option<u32> {
    let (_, version) = text.split_once("v=")?;
    version.split('.').next()?.parse().ok()
}

/// Whether it answers PING with PONG; while it loads its data it answers something else.
pub(super) async fn answers(port: u16) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(b"PING\r\n").await?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).await?;
        std::io::Result::Ok(&answer == b"+PONG")
    };
    matches!(tokio::time::timeout(Duration::from_secs(2), ask).await, Ok(Ok(true)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_what_the_server_says() {
        assert_eq!(
            major_version("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64"),
            Some(7)
        );
        assert_eq!(major_version("Valkey server v=8.1.1 sha=00000000:0"), Some(8));
        assert_eq!(major_version("something else"), None);
    }

    #[test]
    fn it_keeps_what_was_written_and_listens_to_this_machine_only() {
        let arguments = arguments(6380).join(" ");
        for needed in ["--appendonly yes", "--maxmemory-policy noeviction", "--bind 127.0.0.1", "--port 6380"]
        {
            assert!(arguments.contains(needed), "{arguments}");
        }
    }
}
