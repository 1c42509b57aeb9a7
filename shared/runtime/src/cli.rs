//! The command line that the three binaries share. `main` matches on [`Command`]: `serve` (also when no
//! subcommand is given), `migrate`, `backup`, `healthcheck`, and what the service adds of its own.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Parser, Subcommand};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// `Cli<Extra>`: `Extra` is the service's enum of further subcommands, or [`NoExtra`], or [`ApiExtra`].
#[derive(Clone, Debug, Parser)]
#[command(version, about, disable_help_subcommand = true)]
pub struct Cli<Extra: Subcommand> {
    /// Settings that override the built-in defaults
    #[arg(long, global = true, value_name = "FILE", env = "ORDERFLOW_CONFIG")]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Option<Command<Extra>>,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Command<Extra: Subcommand> {
    /// Run the service (also without a subcommand)
    Serve,
    /// Bring the database up to this version's schema, then exit
    Migrate,
    /// Copy the service's SQLite database into a new file, also while the service runs
    Backup {
        /// Must not be there yet; `-` is the standard output
        file: PathBuf,
    },
    /// Ask the running service on this host whether it lives: exit status 0 or 1
    Healthcheck,
    #[command(flatten)]
    Extra(Extra),
}

/// For a service without subcommands of its own.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum NoExtra {}

/// For a service with an API and nothing else.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ApiExtra {
    /// Print the OpenAPI document; needs no database and no Redis
    Openapi,
}

impl<Extra: Subcommand> Cli<Extra> {
    /// Reads the process's arguments; prints help, version or a usage error and exits where those are due.
    pub fn read() -> Self {
        Self::parse()
    }

    /// The settings file that was named, if any.
    pub fn config(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    pub fn command(self) -> Command<Extra> {
        self.command.unwrap_or(Command::Serve)
    }
}

/// Why the health check failed.
#[derive(Debug, thiserror::Error)]
pub enum Unhealthy {
    #[error("{0} is not an address to ask")]
    Address(String),
    #[error("no answer from {0} within 2 seconds")]
    Silent(SocketAddr),
    #[error("can't reach {address}: {source}")]
    Unreachable { address: SocketAddr, source: std::io::Error },
    #[error("{address} answered {status_line:?}")]
    Answer { address: SocketAddr, status_line: String },
}

/// `GET /healthz` of the service that listens on `listen` on this host, within two seconds.
pub async fn healthcheck(listen: &str) -> Result<(), Unhealthy> {
    let address = own_address(listen).await.ok_or_else(|| Unhealthy::Address(listen.to_owned()))?;
    let answer = tokio::time::timeout(Duration::from_secs(2), status_line(address)).await;
    let status_line = answer
        .map_err(|_| Unhealthy::Silent(address))?
        .map_err(|source| Unhealthy::Unreachable { address, source })?;
    if status_line.starts_with("HTTP/1.1 200") {
        Ok(())
    } else {
        Err(Unhealthy::Answer { address, status_line })
    }
}

/// The listening address as this host reaches it: a wildcard address is asked through loopback.
async fn own_address(listen: &str) -> Option<SocketAddr> {
    let mut address = tokio::net::lookup_host(listen).await.ok()?.next()?;
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    Some(address)
}

/// By hand, because the answer's first line is all that is asked for, and a client library is megabytes.
async fn status_line(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(4_096).read_to_end(&mut answer).await?;
    let first = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
    Ok(String::from_utf8_lossy(first).into_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[derive(Clone, Debug, Subcommand)]
    enum Extra {
        Populate {
            #[arg(long, default_value_t = 200)]
            orders: u32,
        },
    }

    #[test]
    fn no_subcommand_serves() {
        let cli = Cli::<NoExtra>::parse_from(["order-processor", "--config", "a.toml"]);
        assert_eq!(cli.config(), Some(Path::new("a.toml")));
        assert!(matches!(cli.command(), Command::Serve));
    }

    #[test]
    fn a_backup_needs_a_file() {
        let cli = Cli::<NoExtra>::parse_from(["order-processor", "backup", "ledger.db"]);
        assert!(matches!(cli.command(), Command::Backup { file } if file == Path::new("ledger.db")));
        assert!(Cli::<NoExtra>::try_parse_from(["order-processor", "backup"]).is_err());
    }

    #[test]
    fn a_service_adds_its_own() {
        let cli = Cli::<Extra>::parse_from(["order-api", "populate", "--orders", "7", "--config", "a.toml"]);
        assert!(cli.config().is_some());
        assert!(matches!(cli.command(), Command::Extra(Extra::Populate { orders: 7 })));
        assert!(matches!(
            Cli::<ApiExtra>::parse_from(["m", "openapi"]).command(),
            Command::Extra(ApiExtra::Openapi)
        ));
        <Cli<NoExtra> as CommandFactory>::command().debug_assert();
        <Cli<Extra> as CommandFactory>::command().debug_assert();
    }

    #[tokio::test]
    async fn a_wildcard_is_asked_through_loopback() {
        assert_eq!(own_address("0.0.0.0:8000").await, Some("127.0.0.1:8000".parse().unwrap()));
        assert_eq!(own_address("[::]:8000").await, Some("[::1]:8000".parse().unwrap()));
        assert_eq!(own_address("nonsense").await, None);
    }

    #[tokio::test]
    async fn nobody_listening_is_unhealthy() {
        let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        assert!(matches!(healthcheck(&address).await, Err(Unhealthy::Unreachable { .. })));
    }
}
