//! What a page of the dashboard is sent, by the running service.

use metrics_service::Config;
use serde_json::Value;
use system_tests::{DEADLINE, eventually, postgres::PrivatePostgres, redis::PrivateRedis};
use tokio::time::timeout;

use crate::{
    shop::Shop,
    world::{Disk, Service},
};

/// What a page has open.
struct Stream {
    answer: reqwest::Response,
    read: String,
}

impl Stream {
    async fn open(service: &Service) -> Self {
        let url = format!("{}/dashboard/stream", service.client.metrics);
        let answer = service.client.http.get(url).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        Self { answer, read: String::new() }
    }

    /// The next event; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.read.find("\n\n") {
                let event: String = self.read.drain(..end + 2).collect();
                if let Some(json) = event.strip_prefix("data: ") {
                    return Some(serde_json::from_str(json).unwrap());
                }
                continue;
            }
            let chunk =
                timeout(DEADLINE, self.answer.chunk()).await.expect("there is an event a second").unwrap()?;
            self.read += std::str::from_utf8(&chunk).unwrap();
        }
    }

    /// The first event of which it is so.
    async fn until(&mut self, is_so: impl Fn(&Value) -> bool) -> Value {
        loop {
            let event = self.next().await.expect("the service runs");
            if is_so(&event) {
                return event;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_follows_the_orders_and_ends_with_the_service() {
    let (redis, disk) = (PrivateRedis::start().await, Disk::new());
    let config = disk.config(&redis.url());
    let service = Service::start(config.clone()).await;
    let mut stream = Stream::open(&service).await;
    let mut shop = Shop::open(&config).await;
    shop.place(5).await;
    let waiting = stream.until(|now| now["counts"]["pending"] == 5).await;
    assert_eq!(waiting["can_redrive"], false, "{waiting}");
    shop.complete(5).await;
    let done = stream.until(|now| now["counts"]["completed"] == 5).await;
    assert!(done["rates"]["accepted"].is_f64(), "{done}");
    stream.until(|now| now["queue"]["fresh"] == true).await;

    let stopping = tokio::spawn(service.stop());
    while stream.next().await.is_some() {}
    timeout(DEADLINE, stopping).await.expect("nothing holds it open").unwrap();
}

/// What happened while nobody looked is there for who looks later; the newest ten seconds are not over yet.
#[tokio::test(flavor = "multi_thread")]
async fn the_history_is_that_of_the_window() {
    let (redis, disk) = (PrivateRedis::start().await, Disk::new());
    let service = Service::start(disk.config(&redis.url())).await;
    for (window, seconds) in [("15m", 900), ("1h", 3_600), ("24h", 86_400)] {
        let history = service.client.metrics(&format!("/dashboard/history?window={window}")).await.unwrap();
        assert_eq!(history["window_s"], seconds);
        let time: Vec<i64> = serde_json::from_value(history["time"].clone()).unwrap();
        let step = history["step_s"].as_i64().unwrap();
        assert_eq!(time.len() as i64 * step, seconds);
        assert!(time.is_sorted_by(|one, next| next - one == step));
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn how_it_stood_is_written_down() {
    let (redis, disk) = (PrivateRedis::start().await, Disk::new());
    is_written_down(disk.config(&redis.url())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn how_it_stood_is_written_down_on_postgresql() {
    let (postgres, redis, disk) = (PrivatePostgres::start().await, PrivateRedis::start().await, Disk::new());
    let mut config = disk.config(&redis.url());
    config.database.url = postgres.url();
    is_written_down(config).await;
}

/// Every ten seconds: the queue as it is, and the orders that ended since.
async fn is_written_down(config: Config) {
    let service = Service::start(config.clone()).await;
    let mut shop = Shop::open(&config).await;
    shop.place(20).await;
    shop.shows(&service, 20, 0).await;
    let newest = async |list: &str| {
        let history = service.client.metrics("/dashboard/history?window=15m").await?;
        let known = history[list].as_array().unwrap().iter().rev().find_map(Value::as_f64);
        known.ok_or_else(|| format!("{list} is unknown"))
    };
    eventually("the queue is written down", async || newest("waiting").await).await;
    // Each takes two seconds.
    shop.complete(20).await;
    let seconds = eventually("durations are written down", async || newest("p95_s").await).await;
    assert!((seconds / 2.0 - 1.0).abs() < 0.03, "{seconds}");
    service.stop().await;

    // They are there after a restart.
    let service = Service::start(config).await;
    let history = service.client.metrics("/dashboard/history?window=1h").await.unwrap();
    assert_eq!(history["summary"]["p50_s"], seconds, "{}", history["summary"]);
    service.stop().await;
}
