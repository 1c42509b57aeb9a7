//! A redis-server for a test of its own, set up as an operator is told to: an append-only file, nothing evicted.

mod data;

use std::path::Path;

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

pub use self::data::{Tail, remove_all};

use crate::{
    daemon::{Daemon, Ready, Recipe},
    ports::{Lease, lease},
};

/// A running server; gone with the value.
#[derive(Debug)]
pub struct PrivateRedis {
    /// To be killed, stopped and started again; it keeps its port and its data.
    pub daemon: Daemon,
    // Dropped last: the server is ended before its folder and its port go.
    _folder: TempDir,
    _port: Lease,
}

impl PrivateRedis {
    pub async fn start() -> Self {
        let mut redis = Self::build();
        redis.daemon.start_ready().await;
        redis
    }

    /// Not started yet.
    pub fn build() -> Self {
        let (folder, port) = (tempfile::tempdir().expect("a temporary folder"), lease(1));
        Self { daemon: daemon(port.first, folder.path()), _folder: folder, _port: port }
    }

    pub fn url(&self) -> String {
        url(self.daemon.port)
    }
}

/// Sends one command, in the words of `redis-cli`; the first line of the answer.
///
/// # Panics
/// When there is none.
pub async fn command(port: u16, words: &str) -> String {
    let answer = async {
        let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", port)).await?);
        stream.write_all(format!("{words}\r\n").as_bytes()).await?;
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        std::io::Result::Ok(line)
    };
    answer.await.expect("Redis answers").trim_end().to_owned()
}

pub(crate) fn url(port: u16) -> String {
    format!("redis://127.0.0.1:{port}")
}

/// Not started yet; its data and its log are in the folder.
pub(crate) fn daemon(port: u16, folder: &Path) -> Daemon {
    let data = folder.join("redis");
    std::fs::create_dir_all(&data).expect("a folder for Redis");
    let port_text = port.to_string();
    let arguments = [
        ["--port", &port_text],
        ["--bind", "127.0.0.1"],
        ["--appendonly", "yes"],
        ["--appendfsync", "everysec"],
        ["--save", ""],
        ["--maxmemory-policy", "noeviction"],
    ];
    let recipe = Recipe {
        name: "redis".to_owned(),
        program: "redis-server".into(),
        arguments: arguments.as_flattened().iter().map(|argument| (*argument).to_owned()).collect(),
        variables: Vec::new(),
        folder: data,
        user: None,
    };
    Daemon::new(recipe, port, Ready::Redis, folder)
}
