//! A network that can be broken: a TCP proxy between programs and a server on this machine.

use std::{net::Ipv4Addr, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use crate::ports::{Lease, lease};

const PIECE: usize = 16 * 1_024;

/// What the network does to bytes and to connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    Fine,
    /// Each piece comes this much later.
    Slow(Duration),
    /// Every byte waits until it is fine again.
    Stalled,
    /// What is asked arrives, the answers are lost. A connection that was open meanwhile stays so for ever.
    Unanswered,
    /// Half-open: everything is lost, and nobody is told. A connection that was open meanwhile stays so for ever. New ones
    /// are accepted and treated alike, or refused.
    Silent {
        refuses: bool,
    },
    /// Every connection breaks off, new ones are refused.
    Down,
}

impl Network {
    const fn refuses(self) -> bool {
        matches!(self, Self::Down | Self::Silent { refuses: true })
    }
}

/// Runs until dropped; its port stays the same.
#[derive(Debug)]
pub struct Proxy {
    pub port: u16,
    state: watch::Sender<State>,
    carrying: JoinHandle<()>,
    _port: Lease,
}

/// Changes are numbered, and each connection knows the last one before its birth: what happened to the network since then
/// happened to the connection.
#[derive(Clone, Copy, Debug)]
struct State {
    network: Network,
    changes: u64,
    /// The last change to each of these.
    unanswered: Option<u64>,
    silent: Option<u64>,
    down: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    There,
    Back,
}

impl Proxy {
    /// To a port of this machine. Nothing needs to listen there yet.
    ///
    /// # Panics
    /// When its own port can't be opened.
    pub async fn to(server: u16) -> Self {
        let own = lease(1);
        let port = own.first;
        let state = State { network: Network::Fine, changes: 0, unanswered: None, silent: None, down: None };
        let state = watch::Sender::new(state);
        let listener = listen(port).await;
        let carrying = tokio::spawn(serve(listener, port, server, state.subscribe()));
        Self { port, state, carrying, _port: own }
    }

    pub fn set(&self, network: Network) {
        self.state.send_modify(|state| {
            state.network = network;
            state.changes += 1;
            match network {
                Network::Unanswered => state.unanswered = Some(state.changes),
                Network::Silent { .. } => state.silent = Some(state.changes),
                Network::Down => state.down = Some(state.changes),
                Network::Fine | Network::Slow(_) | Network::Stalled => {}
            }
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}

impl State {
    fn loses(&self, way: Way, born: u64) -> bool {
        self.silent >= Some(born) || way == Way::Back && self.unanswered >= Some(born)
    }
}

async fn listen(port: u16) -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.expect("the port is ours")
}

async fn serve(mut listener: TcpListener, port: u16, server: u16, mut state: watch::Receiver<State>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((client, _)) = accepted {
                    connections.spawn(carry(client, server, state.clone()));
                }
            }
            () = until(&mut state, |state| state.network.refuses()) => {
                drop(listener);
                until(&mut state, |state| !state.network.refuses()).await;
                listener = listen(port).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

/// One connection, until either side closes it.
async fn carry(client: TcpStream, server: u16, mut state: watch::Receiver<State>) {
    let born = state.borrow().changes;
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await else { return };
    for stream in [&client, &server] {
        // Only speed is lost without it.
        let _ = stream.set_nodelay(true);
    }
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::select! {
        () = pump(from_client, to_server, state.clone(), Way::There, born) => {}
        () = pump(from_server, to_client, state.clone(), Way::Back, born) => {}
        () = until(&mut state, |state| state.down >= Some(born)) => {}
    }
}

/// Waits for a change; for ever if there is nobody left to make it, for then this ends, too.
async fn until(state: &mut watch::Receiver<State>, mut is_so: impl FnMut(&State) -> bool) {
    if state.wait_for(|state| is_so(state)).await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut state: watch::Receiver<State>,
    way: Way,
    born: u64,
) {
    let mut piece = vec![0; PIECE];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let Ok(now) = state.wait_for(|state| state.network != Network::Stalled).await.map(|state| *state)
        else {
            return;
        };
        if now.loses(way, born) {
            continue;
        }
        if let Network::Slow(delay) = now.network {
            tokio::time::sleep(delay).await;
        }
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;
    use crate::wait::eventually;

    /// Answers each byte with the next one, and tells what it was asked.
    struct Server {
        port: u16,
        asked: watch::Receiver<Vec<u8>>,
        serving: JoinHandle<()>,
    }

    impl Server {
        async fn start() -> Self {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let asked = watch::Sender::new(Vec::new());
            let told = asked.subscribe();
            let serving = tokio::spawn(async move {
                let mut connections = JoinSet::new();
                loop {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    let asked = asked.clone();
                    connections.spawn(async move {
                        while let Ok(byte) = stream.read_u8().await {
                            asked.send_modify(|asked| asked.push(byte));
                            stream.write_u8(byte + 1).await.unwrap();
                        }
                    });
                }
            });
            Self { port, asked: told, serving }
        }

        async fn is_asked(&mut self, byte: u8) {
            self.asked.wait_for(|asked| asked.contains(&byte)).await.unwrap();
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            self.serving.abort();
        }
    }

    async fn connect(proxy: &Proxy) -> TcpStream {
        TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port)).await.unwrap()
    }

    async fn is_refused(proxy: &Proxy) {
        eventually("connections are refused", async || {
            match TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port)).await {
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
    }

    async fn answers(stream: &mut TcpStream, byte: u8) {
        stream.write_u8(byte).await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), byte + 1);
    }

    #[tokio::test]
    async fn what_is_stalled_or_slow_comes_in_the_end() {
        let mut server = Server::start().await;
        let proxy = Proxy::to(server.port).await;
        let mut stream = connect(&proxy).await;
        answers(&mut stream, 1).await;
        proxy.set(Network::Slow(Duration::from_millis(1)));
        answers(&mut stream, 3).await;
        proxy.set(Network::Stalled);
        stream.write_u8(5).await.unwrap();
        let mut second = connect(&proxy).await;
        second.write_u8(7).await.unwrap();
        proxy.set(Network::Fine);
        assert_eq!((stream.read_u8().await.unwrap(), second.read_u8().await.unwrap()), (6, 8));
        server.is_asked(7).await;
    }

    #[tokio::test]
    async fn a_network_that_is_down_breaks_off_and_refuses() {
        let server = Server::start().await;
        let proxy = Proxy::to(server.port).await;
        let mut stream = connect(&proxy).await;
        answers(&mut stream, 1).await;
        proxy.set(Network::Down);
        assert!(stream.read_u8().await.is_err(), "it breaks off");
        is_refused(&proxy).await;
        proxy.set(Network::Fine);
        let mut stream = eventually("connections are accepted", async || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port)).await.map_err(|error| error.to_string())
        })
        .await;
        answers(&mut stream, 3).await;
    }

    #[tokio::test]
    async fn without_answers_what_is_asked_arrives() {
        let mut server = Server::start().await;
        let proxy = Proxy::to(server.port).await;
        let mut stream = connect(&proxy).await;
        answers(&mut stream, 1).await;
        proxy.set(Network::Unanswered);
        stream.write_u8(3).await.unwrap();
        server.is_asked(3).await;
        proxy.set(Network::Fine);
        // Had the first answer not been lost, a later connection's would come after it.
        answers(&mut connect(&proxy).await, 5).await;
        assert_eq!(stream.try_read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    }

    #[tokio::test]
    async fn a_silent_network_loses_everything_and_old_connections_never_recover() {
        let server = Server::start().await;
        let proxy = Proxy::to(server.port).await;
        let mut old = connect(&proxy).await;
        answers(&mut old, 1).await;
        proxy.set(Network::Silent { refuses: false });
        let mut new = connect(&proxy).await;
        new.write_u8(3).await.unwrap();
        proxy.set(Network::Silent { refuses: true });
        is_refused(&proxy).await;
        proxy.set(Network::Fine);
        old.write_u8(5).await.unwrap();
        let mut fresh = eventually("connections are accepted", async || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port)).await.map_err(|error| error.to_string())
        })
        .await;
        answers(&mut fresh, 7).await;
        assert_eq!(*server.asked.borrow(), [1, 7]);
        assert_eq!(old.try_read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        // If the proxy had not taken it yet when it began to refuse, the system has reset it: no answer either way.
        let kind = new.try_read(&mut [0]).unwrap_err().kind();
        assert!(matches!(kind, ErrorKind::WouldBlock | ErrorKind::ConnectionReset), "{kind}");
    }
}
