//! A running order-api with its own Redis, database and client.

use std::{net::SocketAddr, path::Path};

use order_api::{App, Config};
use reqwest::{Client, RequestBuilder, StatusCode, header::HeaderMap};
use runtime::{clock::Clock, lifecycle::Shutdown};
use serde_json::{Value, json};
use streams::{Redis, RedisOptions};
use system_tests::{eventually, redis::PrivateRedis};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) struct World {
    pub(crate) api: Api,
    pub(crate) redis: PrivateRedis,
    config: Config,
    // Dropped last.
    folder: TempDir,
}

/// A running order-api, and a client of it.
pub(crate) struct Api {
    pub(crate) address: SocketAddr,
    pub(crate) http: Client,
    shutdown: Shutdown,
    running: JoinHandle<anyhow::Result<()>>,
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let world = Self::with_redis(PrivateRedis::start().await, change).await;
        eventually("Redis is connected", async || {
            let status = world.api.get("/orders/status").await;
            if status.status == 200 { Ok(()) } else { Err(status.text) }
        })
        .await;
        world
    }

    /// Redis is not there, but will be.
    pub(crate) async fn start_without_redis() -> Self {
        Self::with_redis(PrivateRedis::build(), |_| {}).await
    }

    async fn with_redis(redis: PrivateRedis, change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::load(None).unwrap();
        "api-1".clone_into(&mut config.instance);
        "127.0.0.1:0".clone_into(&mut config.http.listen);
        config.redis.url = redis.url();
        config.database.url = format!("sqlite://{}", folder.path().join("order-api.db").display());
        change(&mut config);
        let api = Api::start(config.clone()).await;
        Self { api, redis, config, folder }
    }

    /// A connection of the test's own.
    pub(crate) async fn streams(&self) -> Redis {
        let redis = Redis::new(&RedisOptions::new(self.redis.url())).unwrap();
        assert!(redis.wait_until_ready(&CancellationToken::new()).await);
        redis
    }

    pub(crate) const fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn database(&self) -> std::path::PathBuf {
        self.folder.path().join("order-api.db")
    }

    /// Ends order-api in good order.
    pub(crate) async fn stop(&mut self) {
        self.api.shutdown.drain();
        (&mut self.api.running).await.unwrap().unwrap();
    }

    /// Ends order-api as kill -9 would: every task is dropped where it stands.
    pub(crate) async fn kill(&mut self) {
        self.api.running.abort();
        let _ = (&mut self.api.running).await;
        self.api.shutdown.abort();
    }

    /// Starts it again on the same database.
    pub(crate) async fn start_again(&mut self) {
        self.api = Api::start(self.config.clone()).await;
    }
}

impl Api {
    pub(crate) async fn start(config: Config) -> Self {
        let _ = system_tests::Client::new(0, 0);
        let app = App::build(config, Clock::system()).await.unwrap();
        let (address, shutdown) = (app.addr(), Shutdown::manual());
        let running = tokio::spawn(app.run(shutdown.clone()));
        let http = Client::builder().no_proxy().build().unwrap();
        Self { address, http, shutdown, running }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.http.get(self.url(path))).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.http.post(self.url(path)).json(body)).await
    }

    /// A POST that has no body.
    pub(crate) async fn act(&self, path: &str) -> Answer {
        Answer::of(self.http.post(self.url(path))).await
    }

    pub(crate) async fn post_once(&self, path: &str, key: &str, body: &Value) -> Answer {
        Answer::of(self.http.post(self.url(path)).header("Idempotency-Key", key).json(body)).await
    }

    /// Places an order that must be accepted; its id.
    pub(crate) async fn placed(&self) -> String {
        let answer = self.post("/orders", &order()).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.text_of("order_id")
    }
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        Self { status, headers, text: answer.text().await.unwrap() }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn text_of(&self, field: &str) -> String {
        self.json()[field].as_str().unwrap_or_else(|| panic!("no {field}: {self:?}")).to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

pub(crate) fn order() -> Value {
    json!({"user_id": "user-1", "item_ids": ["sku-1", "sku-2"], "total_amount": 99.99})
}

/// Another process's connection to the same file.
pub(crate) async fn open(database: &Path) -> sea_orm::DatabaseConnection {
    sea_orm::Database::connect(format!("sqlite://{}", database.display())).await.unwrap()
}
