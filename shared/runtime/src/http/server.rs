//! The server: an accept loop of our own around the framework's endpoints, because the framework's has no
//! header timeout, no bound on connections, no TCP_NODELAY, and spins when file descriptors run out.

mod accept;
mod listen;
mod watched;
mod wire;

use std::{io, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use poem::{
    Endpoint, IntoEndpoint, Request, Response,
    http::{Method, uri::Scheme},
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};

pub use self::listen::{BindError, bind};
use self::{accept::AcceptTrouble, wire::Wire};
use crate::{config::HttpConfig, lifecycle::Shutdown};

/// Serves until the shutdown drains; then closes idle connections, lets requests in flight finish, and drops
/// what is left when the shutdown aborts. Returns when no connection is left.
///
/// # Errors
/// When the listener has no address any more, which an open one always has.
pub async fn serve<E>(
    listener: TcpListener,
    endpoint: E,
    config: &HttpConfig,
    shutdown: Shutdown,
) -> io::Result<()>
where
    E: IntoEndpoint,
    E::Endpoint: Endpoint<Output = Response> + 'static,
{
    let server = Server {
        // As it is, and in no further box: what a request holds while it waits would be held once more for each.
        endpoint: Arc::new(endpoint.into_endpoint()),
        protocol: protocol(config),
        local: listener.local_addr()?,
    };
    // When it is used up nobody is accepted: further connections wait in the kernel's backlog, where they
    // cost us neither memory nor a file descriptor, and are served as soon as another one closes. An answer
    // of 503 would need all three.
    let slots = Arc::new(Semaphore::new(config.max_connections.clamp(1, Semaphore::MAX_PERMITS)));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut trouble = AcceptTrouble::default();
    let (draining, aborting) = (shutdown.draining(), shutdown.aborting());

    loop {
        let accepted = tokio::select! {
            biased;
            () = draining.cancelled() => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        match accepted {
            Ok((stream, remote, slot)) => {
                trouble.over();
                let connection = server.connection(stream, remote, graceful.watcher());
                connections.spawn(async move {
                    connection.await;
                    drop(slot);
                });
            }
            Err(error) => trouble.pause(&error).await,
        }
        while connections.try_join_next().is_some() {}
    }

    drop(listener);
    tracing::debug!(connections = connections.len(), "no longer accepting connections");
    tokio::select! {
        () = graceful.shutdown() => {}
        () = aborting.cancelled() => {
            tracing::warn!(connections = connections.len(), "connections dropped");
        }
    }
    connections.shutdown().await;
    Ok(())
}

type Slot = tokio::sync::OwnedSemaphorePermit;

async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> io::Result<(TcpStream, SocketAddr, Slot)> {
    let slot = slots.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, remote) = listener.accept().await?;
    // An answer is one write; waiting to fill a packet would only delay it.
    stream.set_nodelay(true)?;
    Ok((stream, remote, slot))
}

fn protocol(config: &HttpConfig) -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(config.header_timeout_ms))
        // hyper wants 8 KiB at least.
        .max_buf_size(config.max_header_bytes.max(8_192))
        // Who has gone away is noticed by the wire.
        .half_close(true)
        .pipeline_flush(true);
    protocol
}

type Answer = Pin<Box<dyn Future<Output = io::Result<watched::Answered>> + Send>>;

struct Server<E> {
    endpoint: Arc<E>,
    protocol: http1::Builder,
    local: SocketAddr,
}

impl<E: Endpoint<Output = Response> + 'static> Server<E> {
    /// The life of one connection, up to its close.
    fn connection(
        &self,
        stream: TcpStream,
        remote: SocketAddr,
        watcher: Watcher,
    ) -> impl Future<Output = ()> + Send + use<E> {
        let endpoint = self.endpoint.clone();
        let (local, remote) = (LocalAddr(self.local.into()), RemoteAddr(remote.into()));
        let (wire, client) = Wire::new(stream);
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let (endpoint, client) = (endpoint.clone(), client.clone());
            // What is written is written, whether somebody waits for the answer or not.
            let writes = request.method() == Method::POST;
            let request = Request::from((request, local.clone(), remote.clone(), Scheme::HTTP));
            // Boxed: a connection without a request needs no room for one; and each by itself, for the second is larger.
            let answer: Answer = if writes {
                Box::pin(async move {
                    Ok(endpoint.call(request).await.unwrap_or_else(poem::Error::into_response).into())
                })
            } else {
                Box::pin(async move { watched::answer(endpoint.get_response(request), client).await })
            };
            answer
        });
        let connection = watcher.watch(self.protocol.serve_connection(TokioIo::new(wire), service));
        async move {
            // Clients that vanish, stall or send no HTTP are everyday life: nobody must act.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection ended");
            }
        }
    }
}
