//! Taking an address to listen on, and making room for many connections.

use std::{io, net::SocketAddr};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpSocket, lookup_host};

/// Connections that the kernel keeps for us while we are busy (it may have a lower bound of its own,
/// `net.core.somaxconn`).
const BACKLOG: u32 = 4_096;

/// Why an address can't be listened on. The message is for whoever started the process.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("http.listen = {listen:?} is no address such as 127.0.0.1:8000")]
    Address { listen: String },
    #[error("{address} is in use by another program; stop it, or set http.listen (ORDERFLOW_HTTP__LISTEN)")]
    InUse { address: SocketAddr },
    #[error("can't listen on {address}: {source}")]
    Other { address: SocketAddr, source: io::Error },
}

/// Listens on `listen` (`host:port`; port 0 takes a free one), and raises the process's limit of open files
/// to what it may have.
pub async fn bind(listen: &str) -> Result<TcpListener, BindError> {
    raise_open_files_limit();
    let addresses = lookup_host(listen.trim()).await.ok();
    let address = addresses
        .and_then(|mut addresses| addresses.next())
        .ok_or_else(|| BindError::Address { listen: listen.to_owned() })?;
    open(address).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse { address },
        _ => BindError::Other { address, source },
    })
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart must not wait for the last run's connections to time out.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Every connection is an open file, and the usual soft limit is 1,024.
fn raise_open_files_limit() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, limit = limit.current, "the limit of open files can't be raised");
    }
}

pub(super) fn open_files_limit() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_address_is_named() {
        let first = bind("127.0.0.1:0").await.unwrap();
        let address = first.local_addr().unwrap();
        let error = bind(&address.to_string()).await.unwrap_err();
        assert!(matches!(error, BindError::InUse { .. }));
        assert!(error.to_string().contains(&address.to_string()));
        assert!(matches!(bind("here").await, Err(BindError::Address { .. })));
    }

    #[tokio::test]
    async fn the_limit_of_open_files_is_raised() {
        bind("127.0.0.1:0").await.unwrap();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }
}
