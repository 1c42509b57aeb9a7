//! Where one measurement takes place: a folder on the disk that the build is on (a temporary folder may be in memory, where a
//! sync costs nothing), ports, and how each program is started there.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::Context;
use runtime::Service;
use tempfile::TempDir;
use tokio::{net::TcpStream, process::Command};

use super::{ports, process::Process};
use crate::{cli, load::Connection};

/// Steps that take no time at all and always succeed: what is left is what Orderflow costs.
const SETTINGS: &[(&str, &str)] = &[
    ("ORDERFLOW_PIPELINE__MODE", "simulated"),
    ("ORDERFLOW_PIPELINE__SIMULATED__LATENCY_MS", "0"),
    ("ORDERFLOW_PIPELINE__SIMULATED__FAILURE_RATE", "0"),
    ("ORDERFLOW_PIPELINE__SIMULATED__UNAVAILABLE_RATE", "0"),
    ("ORDERFLOW_TELEMETRY__LOG_FORMAT", "json"),
];

/// Programs that run here must be dropped before it.
#[derive(Debug)]
pub(crate) struct Site {
    folder: TempDir,
    programs: PathBuf,
    settings: Vec<(String, String)>,
    pub(crate) redis: u16,
    pub(crate) api: u16,
    pub(crate) processor: u16,
    pub(crate) metrics: u16,
}

impl Site {
    /// With further settings for the services.
    pub(crate) fn new(settings: &[(String, String)]) -> anyhow::Result<Self> {
        let executable = std::env::current_exe()?;
        let programs = executable.parent().context("the executable is in no folder")?.to_owned();
        let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(&programs)?;
        Ok(Self {
            folder,
            programs,
            settings: settings.to_vec(),
            redis: ports::free()?,
            api: ports::free()?,
            processor: ports::free()?,
            metrics: ports::free()?,
        })
    }

    /// Where `make bench-peers` puts what Orderflow is compared with: beside the folder of the programs.
    pub(crate) fn peers(&self) -> anyhow::Result<PathBuf> {
        Ok(self.programs.parent().context("the programs' folder is in no other")?.join("peers"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Set up as an operator is told to.
    pub(crate) async fn start_redis(&self) -> anyhow::Result<Process> {
        let data = self.path().join("redis");
        std::fs::create_dir_all(&data)?;
        let port = self.redis.to_string();
        let arguments = [
            ["--port", &port],
            ["--bind", "127.0.0.1"],
            ["--appendonly", "yes"],
            ["--appendfsync", "everysec"],
            ["--save", ""],
            ["--maxmemory-policy", "noeviction"],
        ];
        let mut command = Command::new("redis-server");
        command.args(arguments.as_flattened()).current_dir(data);
        let redis = Process::start("redis", command, self.path())?;
        redis.ready(async || Connection::is_answered(self.redis, b"PING\r\n", b"+PONG").await).await
    }

    /// The database of a service, where its default settings have it.
    pub(crate) fn database(&self, service: Service) -> PathBuf {
        self.path().join("data").join(format!("{service}.db"))
    }

    /// Makes the tables of a service.
    pub(crate) async fn migrate(&self, service: Service) -> anyhow::Result<()> {
        let output = self.command(service, "migrate")?.output().await?;
        anyhow::ensure!(output.status.success(), "{service}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// One of the services, in the build that this program is of.
    pub(crate) async fn start(&self, service: Service) -> anyhow::Result<Process> {
        let port = match service {
            Service::OrderApi => self.api,
            Service::OrderProcessor => self.processor,
            Service::MetricsService => self.metrics,
        };
        let mut command = self.command(service, "serve")?;
        command.env("ORDERFLOW_HTTP__LISTEN", format!("127.0.0.1:{port}"));
        let ready = b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        let process = Process::start(service.name(), command, self.path())?;
        process.ready(async || Connection::is_answered(port, ready, b"HTTP/1.1 200").await).await
    }

    fn command(&self, service: Service, subcommand: &str) -> anyhow::Result<Command> {
        let program = self.programs.join(service.name());
        anyhow::ensure!(program.is_file(), "{} is missing: build all programs first", program.display());
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ORDERFLOW_") {
                command.env_remove(name);
            }
        }
        command
            .arg(subcommand)
            .kill_on_drop(true)
            .current_dir(self.path())
            .env("ORDERFLOW_REDIS__URL", format!("redis://127.0.0.1:{}", self.redis))
            .env("ORDERFLOW_INSTANCE", format!("{service}-1"))
            .env("ORDERFLOW_PROJECTION__ORDER_API_URL", format!("http://127.0.0.1:{}", self.api))
            .envs(SETTINGS.iter().copied())
            .envs(self.settings.iter().cloned());
        Ok(command)
    }

    /// One of the servers that order-api is compared with; it listens where order-api would.
    pub(crate) async fn start_server(&self, server: cli::Server) -> anyhow::Result<Process> {
        let address = SocketAddr::from(([127, 0, 0, 1], self.api));
        let database = format!("sqlite://{}", self.path().join("server.db").display());
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", &server.to_string(), "--listen", &address.to_string()]);
        command.args(["--database", &database]);
        let process = Process::start("server", command, self.path())?;
        process.ready(async || TcpStream::connect(address).await.is_ok()).await
    }
}
