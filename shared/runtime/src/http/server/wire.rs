//! A connection's socket, which two look at: the protocol reads and writes, and whoever works on a long answer wants to know
//! whether somebody still waits for it.
//!
//! The protocol could see that by itself, by reading on while it has a request. But it would set a buffer of 8 KiB aside for
//! that on each connection, and with thousands of them that is much of the process.

use std::{
    future::pending,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use rustix::net::{Shutdown, shutdown};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// The protocol's side.
#[derive(Debug)]
pub(super) struct Wire {
    /// By itself, and not as a part of what is shared: tokio then knows of a short read that nothing more has come, and does not
    /// try again for nothing.
    reads: OwnedReadHalf,
    socket: Arc<OwnedWriteHalf>,
}

/// The other side. Clones are the same socket.
#[derive(Clone, Debug)]
pub(super) struct Client(Arc<OwnedWriteHalf>);

impl Client {
    /// Resolves when the client has closed its side, or the connection is broken. Never, if it has sent something more
    /// before: what comes behind that can't be seen.
    pub(super) async fn hung_up(self) {
        let stream: &TcpStream = (*self.0).as_ref();
        if let Ok(1..) = stream.peek(&mut [0]).await {
            pending::<()>().await;
        }
    }
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> (Self, Client) {
        let (reads, writes) = stream.into_split();
        let socket = Arc::new(writes);
        (Self { reads, socket: socket.clone() }, Client(socket))
    }

    fn stream(&self) -> &TcpStream {
        (*self.socket).as_ref()
    }

    /// Tries what may not block, and waits for its turn if it would.
    fn write<T>(
        &self,
        context: &mut Context<'_>,
        operation: impl Fn(&TcpStream) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        let stream = self.stream();
        loop {
            ready!(stream.poll_write_ready(context))?;
            match operation(stream) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.reads).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.write(context, |stream| stream.try_write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(context, |stream| stream.try_write_vectored(slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(shutdown(self.stream(), Shutdown::Write).map_err(Into::into))
    }
}
