//! A client that speaks HTTP by hand, since these tests are about what a library would hide.

use std::{net::SocketAddr, time::Duration};

use runtime::{
    Service,
    config::HttpConfig,
    http::{Readiness, Site, bind, serve},
    lifecycle::Shutdown,
    metrics::Metrics,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
};

/// Long enough for a machine that is busy with other things; nothing waits for it to pass.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) fn http_config() -> HttpConfig {
    HttpConfig {
        listen: "127.0.0.1:0".into(),
        max_connections: 100,
        header_timeout_ms: 30_000,
        max_header_bytes: 16_384,
        max_body_bytes: 1_000,
        max_bulk_body_bytes: 10_000,
        concurrent_writes: 2,
        body_timeout_ms: 15_000,
        request_timeout_ms: 60_000,
    }
}

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: Shutdown,
    pub(crate) metrics: Metrics,
    pub(crate) served: JoinHandle<std::io::Result<()>>,
}

/// Serves what `add` puts on the site.
pub(crate) async fn start(config: HttpConfig, add: impl FnOnce(Site) -> Site) -> Running {
    let (shutdown, metrics) = (Shutdown::manual(), Metrics::new(Service::OrderApi));
    let readiness = Readiness::new(shutdown.clone()).check("database", async || Ok::<_, String>(()));
    let endpoint = add(Site::new(&config, &metrics, readiness)).endpoint();
    let listener = bind(&config.listen).await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = shutdown.clone();
    let served = tokio::spawn(async move { serve(listener, endpoint, &config, stop).await });
    Running { address, shutdown, metrics, served }
}

/// An answer, taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(key, _)| *key == name)
            .map(|(_, v)| v)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

pub(crate) struct Client(pub(crate) TcpStream);

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    pub(crate) async fn write(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    pub(crate) async fn answer(&mut self) -> Answer {
        tokio::time::timeout(DEADLINE, self.read()).await.expect("an answer in time")
    }

    async fn read(&mut self) -> Answer {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            bytes.push(self.0.read_u8().await.expect("a whole header"));
        }
        let head = String::from_utf8(bytes).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Answer { status, head, body: Vec::new() };
        let length = answer.header("content-length").map_or(0, |text| text.parse().unwrap());
        answer.body = vec![0; length];
        self.0.read_exact(&mut answer.body).await.unwrap();
        answer
    }

    /// Waits until the server closes the connection; what it sent before that.
    pub(crate) async fn closed(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let end = tokio::time::timeout(DEADLINE, self.0.read_to_end(&mut rest)).await;
        // A reset is a close, too.
        let _ = end.expect("a close in time");
        rest
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.write(&format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n")).await;
        self.answer().await
    }

    pub(crate) async fn post(&mut self, path: &str, content_type: &str, body: &str) -> Answer {
        let length = body.len();
        self.write(&format!(
            "POST {path} HTTP/1.1\r\nhost: test\r\ncontent-type: {content_type}\r\n\
             content-length: {length}\r\n\r\n{body}"
        ))
        .await;
        self.answer().await
    }
}
