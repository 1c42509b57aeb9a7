//! Everything at once: clients, Redis and all three services on this machine, as fast as the slowest of them.
//!
//! Clients place orders as fast as they are taken, but never more than [`WINDOW`] ahead of what is completed: so the backlog
//! can't grow, and what is measured is what the whole system keeps up with. An order counts as completed when both order-api
//! and the projection have it so.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use runtime::Service;
use tokio::{sync::Semaphore, task::JoinSet};

use super::scrape::Counters;
use crate::{
    figures::Figures,
    host::{CpuMeter, Memory, Process, Site},
    load::{Connection, order},
};

pub(super) const WARM_UP_SECONDS: u64 = 5;
const CONNECTIONS: usize = 64;
/// Orders that may be placed and not completed.
const WINDOW: usize = 4_096;
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long everything rests before its memory is looked at.
const REST: Duration = Duration::from_secs(3);
/// Nothing is completed for so long: something is wrong.
const PATIENCE: Duration = Duration::from_secs(30);

/// `sustained`: orders completed a second; `memory.rest.…` and `memory.64.…`: of each process, in MB.
pub(super) async fn all(site: &Site, seconds: u64) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let redis = site.start_redis().await?;
    let api = site.start(Service::OrderApi).await?;
    let processor = site.start(Service::OrderProcessor).await?;
    let metrics = site.start(Service::MetricsService).await?;
    let processes = [api, processor, metrics, redis];
    tokio::time::sleep(REST).await;
    note_memory(&processes, "rest", |memory| memory.now, &mut figures);

    let clients = Arc::new(Clients::new(site.api));
    let mut tasks = JoinSet::new();
    for _ in 0..CONNECTIONS {
        tasks.spawn(clients.clone().run());
    }
    let mut watch = Watch::new(site, clients.clone()).await?;
    watch.until(Duration::from_secs(WARM_UP_SECONDS)).await?;
    let (cpu, begun, before) = (CpuMeter::start(&processes).and_this(), Instant::now(), watch.now());
    watch.until(Duration::from_secs(seconds)).await?;
    let (elapsed, after) = (begun.elapsed(), watch.now());

    let completed = (after.completed - before.completed) as f64;
    figures.set("sustained", completed / elapsed.as_secs_f64());
    figures.set("sustained/errors", (after.failed - before.failed) as f64);
    figures.set("sustained/backlog_begin", before.backlog() as f64);
    figures.set("sustained/backlog_end", after.backlog() as f64);
    cpu.note("sustained", completed, &mut figures);
    note_memory(&processes, "64", |memory| memory.peak, &mut figures);

    clients.window.close();
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    for process in processes {
        process.stop().await?;
    }
    Ok(figures)
}

fn note_memory(processes: &[Process], when: &str, what: impl Fn(Memory) -> f64, figures: &mut Figures) {
    for process in processes {
        if let Some(memory) = Memory::of(process) {
            figures.set(format!("memory.{when}.{}", process.name()), what(memory));
        }
    }
}

/// What places orders.
struct Clients {
    port: u16,
    /// A permit is an order that may be placed; closed: no more.
    window: Semaphore,
    numbers: AtomicU64,
    placed: AtomicU64,
    failed: AtomicU64,
}

impl Clients {
    fn new(port: u16) -> Self {
        let window = Semaphore::new(WINDOW);
        Self {
            port,
            window,
            numbers: AtomicU64::new(0),
            placed: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// One connection.
    async fn run(self: Arc<Self>) -> anyhow::Result<()> {
        let mut connection = Connection::open(self.port).await?;
        while let Ok(permit) = self.window.acquire().await {
            let number = self.numbers.fetch_add(1, Ordering::Relaxed);
            let answer = connection.send(&order(number)).await.context("an order is not answered")?;
            if answer.status == 201 {
                // It comes back when an order is completed.
                permit.forget();
                self.placed.fetch_add(1, Ordering::Relaxed);
            } else {
                self.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    }
}

/// Looks at what is completed, and lets as many orders be placed.
struct Watch {
    clients: Arc<Clients>,
    api: Counters,
    metrics: Counters,
    completed: u64,
    moved: Instant,
}

/// How it stands at one moment.
#[derive(Clone, Copy)]
struct Stand {
    placed: u64,
    completed: u64,
    failed: u64,
}

impl Stand {
    const fn backlog(self) -> u64 {
        self.placed.saturating_sub(self.completed)
    }
}

impl Watch {
    async fn new(site: &Site, clients: Arc<Clients>) -> anyhow::Result<Self> {
        let (api, metrics) = (Counters::open(site.api).await?, Counters::open(site.metrics).await?);
        Ok(Self { clients, api, metrics, completed: 0, moved: Instant::now() })
    }

    fn now(&self) -> Stand {
        Stand {
            placed: self.clients.placed.load(Ordering::Relaxed),
            completed: self.completed,
            failed: self.clients.failed.load(Ordering::Relaxed),
        }
    }

    /// Watches for so long, and ends with a look.
    async fn until(&mut self, time: Duration) -> anyhow::Result<()> {
        let end = Instant::now() + time;
        loop {
            self.look().await?;
            if Instant::now() >= end {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn look(&mut self) -> anyhow::Result<()> {
        const COMPLETED: &str = "type=\"order.completed\"";
        let applied = self.api.sum("orderflow_events_consumed_total", &[COMPLETED]).await?;
        let labels = [COMPLETED, "result=\"applied\""];
        let projected = self.metrics.sum("orderflow_projection_events_total", &labels).await?;
        let completed = applied.min(projected);
        if completed > self.completed {
            self.clients.window.add_permits((completed - self.completed) as usize);
            (self.completed, self.moved) = (completed, Instant::now());
        } else if self.moved.elapsed() >= PATIENCE {
            let stand = self.now();
            bail!(
                "{} orders are placed, {applied} completed, {projected} projected, and nothing moves",
                stand.placed
            );
        }
        Ok(())
    }
}
