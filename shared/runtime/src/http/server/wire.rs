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
    net::TcpStream,
};

/// Clones are the same socket.
#[derive(Clone, Debug)]
pub(super) struct Wire(Arc<TcpStream>);

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self(Arc::new(stream))
    }

    /// Resolves when the client has closed its side, or the connection is broken. Never, if it has sent something more
    /// before: what comes behind that can't be seen.
    pub(super) async fn hung_up(self) {
        if let Ok(1..) = self.0.peek(&mut [0]).await {
            pending::<()>().await;
        }
    }

    /// Tries what may not block, and waits for its turn if it would.
    fn attempt<T>(
        context: &mut Context<'_>,
        is_ready: impl Fn(&mut Context<'_>) -> Poll<io::Result<()>>,
        mut operation: impl FnMut() -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        loop {
            ready!(is_ready(context))?;
            match operation() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let stream = &self.0;
        Self::attempt(context, |context| stream.poll_read_ready(context), || stream.try_read_buf(buffer))
            .map_ok(drop)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let stream = &self.0;
        Self::attempt(context, |context| stream.poll_write_ready(context), || stream.try_write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let stream = &self.0;
        Self::attempt(
            context,
            |context| stream.poll_write_ready(context),
            || stream.try_write_vectored(slices),
        )
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(shutdown(&*self.0, Shutdown::Write).map_err(Into::into))
    }
}
