//! A worker that runs in this process.

use order_processor::{App, Config};
use runtime::{clock::Clock, lifecycle::Shutdown};
use system_tests::{DEADLINE, eventually};
use tokio::task::JoinHandle;

pub(crate) struct Worker {
    pub(crate) url: String,
    pub(crate) shutdown: Shutdown,
    running: JoinHandle<anyhow::Result<()>>,
}

impl Worker {
    pub(crate) async fn start(config: Config) -> Self {
        let app = App::build(config, Clock::system()).await.unwrap();
        let (url, shutdown) = (format!("http://{}", app.addr()), Shutdown::manual());
        let running = tokio::spawn(app.run(shutdown.clone()));
        Self { url, shutdown, running }
    }

    /// Drops everything, as a crash would.
    pub(crate) async fn abort(self) {
        self.shutdown.abort();
        self.ended().await;
    }

    /// Finishes what is in hand.
    pub(crate) async fn drain(self) {
        self.shutdown.drain();
        self.ended().await;
    }

    pub(crate) async fn ended(self) {
        tokio::time::timeout(DEADLINE, self.running).await.expect("it ends").unwrap().unwrap();
    }

    /// The answer to a GET: status and text.
    pub(crate) async fn get(&self, path: &str) -> Result<(u16, String), String> {
        let url = format!("{}{path}", self.url);
        // Its constructor sees to the TLS provider that the client library wants.
        let answer = system_tests::Client::new(0, 0).http.get(url).send().await;
        let answer = answer.map_err(|error| error.to_string())?;
        Ok((answer.status().as_u16(), answer.text().await.map_err(|error| error.to_string())?))
    }

    /// Waits until a metric has this value.
    pub(crate) async fn counts(&self, name: &str, expected: f64) {
        eventually(&format!("{name} is {expected}"), async || match self.metric(name).await {
            Some(value) if (value - expected).abs() < f64::EPSILON => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await;
    }

    /// The value of a metric, with its labels.
    pub(crate) async fn metric(&self, name: &str) -> Option<f64> {
        let (_, text) = self.get("/metrics").await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map(|value| value.parse().unwrap())
    }
}
