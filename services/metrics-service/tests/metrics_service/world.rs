//! A database of one's own, and a service of one's own.

use std::path::Path;

use metrics_service::{App, Config, Migrations, projection::Projection};
use runtime::{
    Service as Name,
    clock::Clock,
    db::{self, Database},
    lifecycle::Shutdown,
};
use serde_json::Value;
use system_tests::Client;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::events::START;

/// A folder with the service's database in it.
pub(crate) struct Disk(TempDir);

impl Disk {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Settings that nobody else on this machine shares, and that do not make a test wait.
    pub(crate) fn config(&self, redis_url: &str) -> Config {
        let mut config = Config::load(None).unwrap();
        config.instance = "metrics-1".into();
        config.http.listen = "127.0.0.1:0".into();
        config.redis.url = redis_url.into();
        config.database.url = format!("sqlite://{}", self.path().join("metrics.db").display());
        config.database.busy_timeout_ms = 50;
        config.projection.snapshot_interval_ms = 20;
        config.projection.watch_interval_ms = 100;
        config.projection.reload_interval_ms = 100;
        config.projection.order_api_url = String::new();
        config.projection.rebuild_again_ms = 100;
        config
    }

    pub(crate) async fn database(&self) -> Database {
        database(&self.config("redis://unused")).await
    }

    pub(crate) async fn projection(&self) -> Projection {
        let mut config = self.config("redis://unused");
        // Whoever had the file before may still be closing it.
        config.database.busy_timeout_ms = 10_000;
        projection(&config).await
    }
}

pub(crate) async fn database(config: &Config) -> Database {
    let database = db::connect(&config.database, Name::MetricsService).await.unwrap();
    database.migrate::<Migrations>().await.unwrap();
    database
}

/// A projection as after a start, at a time that stands still.
pub(crate) async fn projection(config: &Config) -> Projection {
    let projection = Projection::new(database(config).await, Clock::manual(START));
    projection.load().await.unwrap();
    projection
}

/// A running service.
pub(crate) struct Service {
    pub(crate) client: Client,
    shutdown: Shutdown,
    running: JoinHandle<anyhow::Result<()>>,
}

impl Service {
    pub(crate) async fn start(config: Config) -> Self {
        let app = App::build(config, Clock::system()).await.unwrap();
        let (shutdown, port) = (Shutdown::manual(), app.addr().port());
        let running = tokio::spawn(app.run(shutdown.clone()));
        // There is no order-api.
        Self { client: Client::new(0, port), shutdown, running }
    }

    pub(crate) async fn stats(&self) -> Result<Value, String> {
        self.client.metrics("/stats").await
    }

    pub(crate) async fn status(&self, path: &str) -> u16 {
        let url = format!("{}{path}", self.client.metrics);
        self.client.http.get(url).send().await.map_or(0, |answer| answer.status().as_u16())
    }

    pub(crate) async fn text(&self, path: &str) -> String {
        let url = format!("{}{path}", self.client.metrics);
        self.client.http.get(url).send().await.unwrap().text().await.unwrap()
    }

    /// Ends as on SIGTERM.
    pub(crate) async fn stop(self) {
        self.shutdown.drain();
        self.running.await.unwrap().unwrap();
    }

    /// Drops everything that it has in hand.
    pub(crate) async fn abort(self) {
        self.shutdown.abort();
        self.running.await.unwrap().unwrap();
    }
}
