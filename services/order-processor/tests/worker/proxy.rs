//! Between a worker and its Redis: it can lose an answer.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::task::AbortOnDropHandle;

pub(crate) struct Proxy {
    pub(crate) url: String,
    shared: Arc<Shared>,
    _accepting: AbortOnDropHandle<()>,
}

#[derive(Default)]
struct Shared {
    marker: Mutex<Option<&'static str>>,
    lost: AtomicUsize,
}

impl Proxy {
    pub(crate) async fn before(redis_port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}", listener.local_addr().unwrap());
        let shared = Arc::<Shared>::default();
        let relaying = shared.clone();
        let accepting = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let shared = relaying.clone();
                tokio::spawn(async move {
                    if let Ok(server) = TcpStream::connect(("127.0.0.1", redis_port)).await {
                        // Whoever breaks off ends it.
                        let _ = relay(client, server, &shared).await;
                    }
                });
            }
        });
        Self { url, shared, _accepting: AbortOnDropHandle::new(accepting) }
    }

    /// The next call with this text reaches Redis, and its answer nobody: the connection is gone.
    pub(crate) fn lose_the_answer_to(&self, marker: &'static str) {
        *self.shared.marker.lock().unwrap() = Some(marker);
    }

    /// How many answers were lost.
    pub(crate) fn lost(&self) -> usize {
        self.shared.lost.load(Ordering::SeqCst)
    }
}

async fn relay(mut client: TcpStream, mut server: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let (mut asked, mut answered) = (vec![0; 64 * 1_024], vec![0; 64 * 1_024]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let call = &asked[..read?];
                if call.is_empty() {
                    return Ok(());
                }
                server.write_all(call).await?;
                if shared.is_to_be_lost(call) {
                    // Redis does what it was asked before it sees that nobody waits.
                    server.shutdown().await?;
                    server.read_to_end(&mut answered).await?;
                    shared.lost.fetch_add(1, Ordering::SeqCst);
                    return Ok(());
                }
            }
            read = server.read(&mut answered) => {
                let answer = &answered[..read?];
                if answer.is_empty() {
                    return Ok(());
                }
                client.write_all(answer).await?;
            }
        }
    }
}

impl Shared {
    fn is_to_be_lost(&self, call: &[u8]) -> bool {
        let mut marker = self.marker.lock().unwrap();
        let found = marker.is_some_and(|text| call.windows(text.len()).any(|part| part == text.as_bytes()));
        if found {
            *marker = None;
        }
        found
    }
}
