//! What one client sees at a steady rate: it places an order and waits for its end with `?wait=`.
//!
//! Orders are due at fixed times, whatever became of those before, and each time counts from when its order was due: so a
//! pause of the server is seen by every order that it held up, and not by one.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use hdrhistogram::Histogram;
use runtime::Service;
use tokio::{sync::mpsc, task::JoinSet};

use super::WARM_UP_SECONDS;
use crate::{
    figures::Figures,
    host::Site,
    load::{Connection, order, order_id, wait_for},
};

/// Orders under way at once; past that the rate is lost anyway.
const MOST: usize = 5_000;

/// `latency.200` and the like: the median time from POST to completed, in milliseconds.
pub(super) async fn at(site: &Site, rate: u32, seconds: u64) -> anyhow::Result<Figures> {
    let redis = site.start_redis().await?;
    let api = site.start(Service::OrderApi).await?;
    let processor = site.start(Service::OrderProcessor).await?;
    let metrics = site.start(Service::MetricsService).await?;

    let clients = Arc::new(Clients { port: site.api, idle: Mutex::default() });
    let warm_up = WARM_UP_SECONDS * u64::from(rate);
    let count = warm_up + seconds * u64::from(rate);
    let (pace, mut due) = mpsc::unbounded_channel();
    thread::spawn(move || keep_pace(rate, count, &pace));
    let (mut under_way, mut number) = (JoinSet::new(), 0);
    let mut times = Times::new()?;
    while let Some(due) = due.recv().await {
        while let Some(done) = under_way.try_join_next() {
            times.add(done?)?;
        }
        if under_way.len() >= MOST {
            bail!("{MOST} orders are under way: {rate} a second are more than it can do");
        }
        let counts = number >= warm_up;
        under_way.spawn(one(clients.clone(), number, due, counts));
        number += 1;
    }
    while let Some(done) = under_way.join_next().await {
        times.add(done?)?;
    }
    for process in [metrics, processor, api, redis] {
        process.stop().await?;
    }
    times.figures(&format!("latency.{rate}"))
}

/// Says when each order is due. On a thread of its own, because the runtime's timers tick in milliseconds.
fn keep_pace(rate: u32, count: u64, due: &mpsc::UnboundedSender<Instant>) {
    let begun = Instant::now();
    for number in 0..count {
        let at = begun + Duration::from_nanos(number * 1_000_000_000 / u64::from(rate));
        thread::sleep(at.saturating_duration_since(Instant::now()));
        if due.send(at).is_err() {
            return;
        }
    }
}

/// How long one order took: until it was placed, until it was completed.
type Took = (Duration, Duration);

/// What became of one order; `None` if it belongs to the warm-up.
async fn one(clients: Arc<Clients>, number: u64, due: Instant, counts: bool) -> Option<anyhow::Result<Took>> {
    let took = clients.place_and_wait(number, due).await;
    counts.then_some(took)
}

struct Clients {
    port: u16,
    idle: Mutex<Vec<Connection>>,
}

impl Clients {
    async fn place_and_wait(&self, number: u64, due: Instant) -> anyhow::Result<Took> {
        let idle = self.idle().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => Connection::open(self.port).await?,
        };
        let answer = connection.send(&order(number)).await?;
        ensure!(answer.status == 201, "an order is answered {}: {}", answer.status, answer.body);
        let placed = due.elapsed();
        let order_id = order_id(&answer.body).context("an answer without an order")?;
        let answer = connection.send(&wait_for(order_id)).await?;
        ensure!(
            answer.body.contains("\"status\":\"completed\""),
            "an order is not completed: {}",
            answer.body
        );
        let completed = due.elapsed();
        self.idle().push(connection);
        Ok((placed, completed))
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Times {
    /// In microseconds.
    placed: Histogram<u64>,
    completed: Histogram<u64>,
    failures: u64,
    last_failure: Option<anyhow::Error>,
}

impl Times {
    fn new() -> anyhow::Result<Self> {
        let (placed, completed) = (Histogram::new(3)?, Histogram::new(3)?);
        Ok(Self { placed, completed, failures: 0, last_failure: None })
    }

    fn add(&mut self, done: Option<anyhow::Result<Took>>) -> anyhow::Result<()> {
        match done {
            None => {}
            Some(Ok((placed, completed))) => {
                self.placed.record(placed.as_micros() as u64)?;
                self.completed.record(completed.as_micros() as u64)?;
            }
            Some(Err(error)) => {
                self.failures += 1;
                self.last_failure = Some(error);
            }
        }
        Ok(())
    }

    fn figures(self, name: &str) -> anyhow::Result<Figures> {
        if self.completed.is_empty() {
            return Err(self.last_failure.unwrap_or_else(|| anyhow::anyhow!("no order was placed")));
        }
        let ms = |times: &Histogram<u64>, quantile| times.value_at_quantile(quantile) as f64 / 1e3;
        let mut figures = Figures::default();
        figures.set(name, ms(&self.completed, 0.5));
        figures.set(format!("{name}/p99"), ms(&self.completed, 0.99));
        figures.set(format!("{name}/max"), ms(&self.completed, 1.0));
        figures.set(format!("{name}/placed"), ms(&self.placed, 0.5));
        figures.set(format!("{name}/placed/p99"), ms(&self.placed, 0.99));
        figures.set(format!("{name}/errors"), self.failures as f64);
        Ok(figures)
    }
}
