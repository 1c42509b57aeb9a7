//! One backlog on its way through the system, each service alone with Redis and its own database: what it can do when it
//! never has to wait for another one.
//!
//! order-api takes the orders while there is no Redis; then Redis comes, and the relay publishes them. A worker does them.
//! metrics-service projects all events, and order-api applies those that it has not seen.

use std::time::Instant;

use anyhow::ensure;
use fred::interfaces::StreamsInterface;
use runtime::Service;
use streams::{
    Redis, Stream,
    keys::{METRICS_SERVICE, ORDER_API, ORDER_PROCESSOR},
    lag::lag,
};

use super::{connect, follow};
use crate::{
    figures::Figures,
    host::{CpuMeter, Process, Site},
    load::{Connection, batch},
};

const BATCH: u64 = 1_000;
/// Of one order: placed, processing, completed.
const EVENTS: u64 = 3;

/// `drain.place` (orders a second, accepted in batches from one client), `drain.relay` (messages a second), `drain.worker` (orders a second), `drain.projection` and `drain.follower` (events a
/// second).
///
/// `completed_before` were completed before, in all databases.
///
/// # Errors
/// Also when not every order is completed and counted in the end.
pub(super) async fn all(site: &Site, orders: u64, completed_before: u64) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let api = site.start(Service::OrderApi).await?;
    let begun = Instant::now();
    place(site, orders).await?;
    figures.set("drain.place", orders as f64 / begun.elapsed().as_secs_f64());
    let server = site.start_redis().await?;
    let redis = connect(site).await?;

    // Each order is two messages: its command and its event.
    let cpu = CpuMeter::start([&api, &server]);
    let published = follow::rate("the relay", orders, async || {
        Ok(Box::pin(redis.client().xlen::<u64, _>(redis.keys().queue(0))).await?)
    });
    figures.set("drain.relay", 2.0 * published.await?);
    cpu.note("drain.relay", 2.0 * orders as f64, &mut figures);
    // It reads what it published; what it leaves would be counted as the follower's.
    follow::rate("the follower", orders, async || done(&redis, Stream::Events, ORDER_API, orders).await)
        .await?;
    api.stop().await?;

    let worker = site.start(Service::OrderProcessor).await?;
    let queue = (Stream::Queue, ORDER_PROCESSOR, orders);
    measure("drain.worker", &worker, &server, &redis, queue, orders, &mut figures).await?;
    worker.stop().await?;

    let metrics = site.start(Service::MetricsService).await?;
    let events = (Stream::Events, METRICS_SERVICE, EVENTS * orders);
    measure("drain.projection", &metrics, &server, &redis, events, EVENTS * orders, &mut figures).await?;
    ensure!(is_counted(site, completed_before + orders).await?, "not every order is counted as completed");
    metrics.stop().await?;

    let api = site.start(Service::OrderApi).await?;
    let events = (Stream::Events, ORDER_API, EVENTS * orders);
    measure("drain.follower", &api, &server, &redis, events, (EVENTS - 1) * orders, &mut figures).await?;
    ensure!(is_finished(site).await?, "not every order is completed");
    api.stop().await?;
    server.stop().await?;
    Ok(figures)
}

/// How fast one program gets through what its group has to do. `all` is what the stream holds, `new` what of it is new to the
/// group.
async fn measure(
    name: &str,
    program: &Process,
    server: &Process,
    redis: &Redis,
    (stream, group, all): (Stream, &str, u64),
    new: u64,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let cpu = CpuMeter::start([program, server]);
    let rate = follow::rate(name, new, async || {
        Ok(done(redis, stream, group, all).await?.saturating_sub(all - new))
    });
    figures.set(name, rate.await?);
    cpu.note(name, new as f64, figures);
    Ok(())
}

/// How many of `all` entries the group has acknowledged.
async fn done(redis: &Redis, stream: Stream, group: &str, all: u64) -> anyhow::Result<u64> {
    let lag = lag(redis, stream, 0, group).await?;
    Ok(lag.undelivered.map_or(0, |undelivered| all.saturating_sub(undelivered + lag.unacknowledged)))
}

/// Through the API, like any client.
async fn place(site: &Site, orders: u64) -> anyhow::Result<()> {
    let mut connection = Connection::open(site.api).await?;
    for first in (0..orders).step_by(BATCH as usize) {
        let answer = connection.send(&batch(first, BATCH.min(orders - first))).await?;
        ensure!(answer.status == 200, "a batch is answered {}: {}", answer.status, answer.body);
    }
    Ok(())
}

async fn is_counted(site: &Site, orders: u64) -> anyhow::Result<bool> {
    let answer = Connection::open(site.metrics).await?.get("/stats").await?;
    let stats: serde_json::Value = serde_json::from_str(&answer.body)?;
    Ok(stats["order_status_counts"]["completed"].as_u64() == Some(orders))
}

/// That all of them are completed is what the projection says: of those that were there before, some may have failed.
async fn is_finished(site: &Site) -> anyhow::Result<bool> {
    let mut connection = Connection::open(site.api).await?;
    for status in ["pending", "processing"] {
        let answer = connection.get(&format!("/orders?status={status}&limit=1")).await?;
        let page: serde_json::Value = serde_json::from_str(&answer.body)?;
        if page["orders"].as_array().is_none_or(|orders| !orders.is_empty()) {
            return Ok(false);
        }
    }
    Ok(true)
}
