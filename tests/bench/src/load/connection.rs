//! One HTTP connection, kept open: as much of HTTP as the answers of the services need.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Longer than any answer takes, `?wait=` included.
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    /// What was read and not used yet.
    read: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Connection {
    pub(crate) async fn open(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::with_capacity(4_096) })
    }

    /// Whether an answer to the request begins like this.
    pub(crate) async fn is_answered(port: u16, request: &[u8], expected: &[u8]) -> bool {
        let ask = async {
            let mut connection = Self::open(port).await?;
            connection.stream.write_all(request).await?;
            let mut answer = vec![0; expected.len()];
            connection.stream.read_exact(&mut answer).await?;
            io::Result::Ok(answer)
        };
        ask.await.is_ok_and(|answer| answer == expected)
    }

    pub(crate) async fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).await
    }

    /// Sends a whole request and reads the whole answer. After an error the connection is of no use any more.
    pub(crate) async fn send(&mut self, request: &[u8]) -> io::Result<Answer> {
        tokio::time::timeout(TIMEOUT, async {
            self.stream.write_all(request).await?;
            self.answer().await
        })
        .await?
    }

    async fn answer(&mut self) -> io::Result<Answer> {
        let head = loop {
            if let Some(end) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            self.read_more().await?;
        };
        let (status, length) = read_head(&self.read[..head]).ok_or(io::ErrorKind::InvalidData)?;
        while self.read.len() < head + length {
            self.read_more().await?;
        }
        let body = String::from_utf8_lossy(&self.read[head..head + length]).into_owned();
        self.read.drain(..head + length);
        Ok(Answer { status, body })
    }

    async fn read_more(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.read).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// Status and length of the body. An answer without a length is none that the services give.
fn read_head(head: &[u8]) -> Option<(u16, usize)> {
    let head = std::str::from_utf8(head).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    Some((status, length?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_says_how_it_went_and_how_much_comes() {
        let head = b"HTTP/1.1 201 Created\r\nLocation: /orders/1\r\nContent-Length: 12\r\n\r\n";
        assert_eq!(read_head(head), Some((201, 12)));
        assert_eq!(read_head(b"HTTP/1.1 201 Created\r\n\r\n"), None);
        assert_eq!(read_head(b"+PONG\r\n\r\n"), None);
    }
}
