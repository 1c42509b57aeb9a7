//! Puts the service together and runs it: the same three calls in production and in tests.
//!
//! The order of a shutdown: the takers and reclaimers stop taking and let the orders in work end; with the last of them
//! the ledger's writer ends; with it the finishers; with them the heartbeats. What is dropped on the way (the deadline
//! passed, a second signal) is still pending in Redis, and comes back.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use runtime::{
    Service,
    clock::Clock,
    config::RedisConfig,
    db::{self, Database},
    http::{self, Readiness, Site},
    ids,
    lifecycle::{Shutdown, Tasks},
    metrics::Metrics,
};
use streams::{Finisher, Reclaimer, Redis, RedisOptions, Subscription, keys::ORDER_PROCESSOR, keys::Stream};
use tokio::{net::TcpListener, sync::mpsc};
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Config, Mode, PipelineConfig},
    finish::{FinishLoop, Finished},
    ledger::{Ledger, Notes, Writer},
    metrics::WorkerMetrics,
    migrations::Migrations,
    outage::SharedOutage,
    pipeline::{Http, Pipeline, Services, Simulated},
    queue::{Dispatcher, JanitorLoop, PromoteLoop, ReclaimLoop, Slots, Taker, keep_alive, prepare},
    retention::Retention,
    worker::Worker,
};

/// Batches of the ledger that may wait for a finisher.
const BATCHES_WRITTEN: usize = 1;

/// The service, ready to run.
#[derive(Debug)]
pub struct App {
    config: Config,
    listener: TcpListener,
    address: SocketAddr,
    database: Database,
    metrics: Metrics,
    worker: Arc<Worker>,
}

/// What takes from one partition.
struct Partition {
    taker: Taker,
    reclaimer: ReclaimLoop,
    promoter: PromoteLoop,
    janitor: JanitorLoop,
}

impl App {
    /// Listens, opens the ledger and brings it up to date. Needs no Redis.
    ///
    /// # Errors
    /// What keeps the service from running, in a sentence.
    pub async fn build(config: Config, clock: Clock) -> anyhow::Result<Self> {
        let listener = http::bind(&config.http.listen).await?;
        let address = listener.local_addr().context("the listener has no address")?;
        let redis = redis(&config.redis)?;
        let services = services(&config.pipeline)?;
        let database = open(&config).await?;
        let metrics = Metrics::new(Service::OrderProcessor);
        metrics.sqlite_files(&config.database);
        let worker_metrics = WorkerMetrics::new(&metrics);
        let worker = Worker {
            name: config.instance.as_str().into(),
            clock: clock.clone(),
            redis,
            redis_outage: SharedOutage::new("redis"),
            pipeline: Pipeline::new(services, clock, worker_metrics.clone()),
            ledger: Ledger::new(database.clone()),
            metrics: worker_metrics,
            max_attempts: config.processor.max_attempts,
            retry_backoff: config.processor.retry_backoff(),
        };
        Ok(Self { config, listener, address, database, metrics, worker: Arc::new(worker) })
    }

    /// Brings the ledger up to this version's schema.
    ///
    /// # Errors
    /// When the database can't be used.
    pub async fn migrate(config: &Config) -> anyhow::Result<()> {
        Ok(open(config).await?.close().await?)
    }

    /// Where it listens.
    pub const fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Runs until the shutdown is over.
    ///
    /// # Errors
    /// When a task failed that must not.
    pub async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let Self { config, listener, address, database, metrics, worker } = self;
        let tasks = Tasks::new(shutdown.clone());
        let notes = Notes::default();

        worker.redis.connect();
        let readiness = readiness(&worker.redis, &database, shutdown.clone());
        let endpoint = Site::new(&config.http, &metrics, readiness).endpoint();
        let (http_config, http_shutdown) = (config.http.clone(), shutdown.clone());
        tasks
            .spawn("http", async move { http::serve(listener, endpoint, &http_config, http_shutdown).await });
        tracing::info!(%address, worker = &*worker.name, "listening");

        let partitions = start_finishing(&config, &worker, &notes, &tasks)?;
        if let Some(keep) = config.ledger.keep() {
            let retention = Retention {
                database: database.clone(),
                redis: worker.redis.clone(),
                clock: worker.clock.clone(),
                keep,
                every: config.ledger.prune_interval(),
                deleted: worker.metrics.attempts_deleted.clone(),
            };
            tasks.spawn("retention", unfailing(retention.run(shutdown.clone())));
        }
        let (background, draining) = (tasks.clone(), shutdown.draining());
        let waiting = worker.clone();
        tasks.spawn("worker", async move {
            if prepare(&waiting, &draining).await {
                start_taking(partitions, &background, &shutdown);
                tracing::info!("taking orders");
            }
            anyhow::Ok(())
        });

        let result = tasks.join().await;
        worker.ledger.note_the_rest(&notes).await;
        drop(worker);
        if let Err(error) = database.close().await {
            // Everything is committed; the next open recovers the log.
            tracing::warn!(%error, "the database was not closed in good order");
        }
        Ok(result?)
    }
}

/// Starts the second half of an order's way, ledger and finishing, and makes the first half, which ends the second when
/// it is dropped.
fn start_finishing(
    config: &Config,
    worker: &Arc<Worker>,
    notes: &Notes,
    tasks: &Tasks,
) -> anyhow::Result<Vec<Partition>> {
    let processor = &config.processor;
    let (finished, to_write) = mpsc::channel::<Finished>(config.ledger.batch);
    let slots = Slots::new(processor.concurrency);
    let (run, _) = ids::random_uuid().as_u64_pair();
    let mut finishers = Vec::new();
    let mut partitions = Vec::new();
    for partition in worker.redis.keys().partitions() {
        let name = &*worker.name;
        let subscription = Subscription::new(&worker.redis, Stream::Queue, partition, ORDER_PROCESSOR, name)?;
        let in_hand = subscription.in_hand();
        let reclaimer = || Reclaimer::new(&worker.redis, partition, name, in_hand.clone());
        let dispatcher = || Dispatcher::new(worker.clone(), partition, finished.clone(), in_hand.clone());
        let all_finished = CancellationToken::new();

        let (finisher, written) = mpsc::channel(BATCHES_WRITTEN);
        finishers.push(finisher);
        let finishing = FinishLoop {
            finisher: Finisher::new(&worker.redis, partition, ORDER_PROCESSOR, name, run),
            written,
            most: config.ledger.batch,
            in_hand: in_hand.clone(),
            notes: notes.clone(),
            clock: worker.clock.clone(),
            outage: worker.redis_outage.clone(),
            metrics: worker.metrics.clone(),
        };
        let until_finished = all_finished.clone().drop_guard();
        let alive = keep_alive(
            reclaimer(),
            processor.heartbeat_interval(),
            worker.redis_outage.clone(),
            all_finished,
        );
        tasks.spawn("finisher", unfailing(finishing.run(until_finished)));
        tasks.spawn("heartbeat", unfailing(alive));

        let batch = config.batch_of_partition();
        partitions.push(Partition {
            taker: Taker::new(subscription, dispatcher(), slots.clone(), batch),
            reclaimer: ReclaimLoop::new(
                reclaimer(),
                dispatcher(),
                slots.clone(),
                batch,
                processor.reclaim_idle(),
                processor.heartbeat_interval(),
            ),
            promoter: PromoteLoop::new(worker.clone(), partition, processor.promote_interval()),
            janitor: JanitorLoop::new(
                worker.clone(),
                partition,
                processor.janitor_interval(),
                processor.retire_idle(),
            ),
        });
    }
    let writer = Writer {
        ledger: worker.ledger.clone(),
        batch: config.ledger.batch,
        finished: to_write,
        finishers,
        notes: notes.clone(),
        metrics: worker.metrics.clone(),
    };
    tasks.spawn("ledger", unfailing(writer.run()));
    Ok(partitions)
}

fn start_taking(partitions: Vec<Partition>, tasks: &Tasks, shutdown: &Shutdown) {
    for Partition { taker, reclaimer, promoter, janitor } in partitions {
        tasks.spawn("taker", taker.run(shutdown.clone()));
        tasks.spawn("reclaimer", reclaimer.run(shutdown.clone()));
        tasks.spawn("promoter", unfailing(promoter.run(shutdown.clone())));
        tasks.spawn("janitor", unfailing(janitor.run(shutdown.clone())));
    }
}

/// A task that can only panic.
async fn unfailing(task: impl Future<Output = ()>) -> Result<(), Infallible> {
    task.await;
    Ok(())
}

fn redis(config: &RedisConfig) -> anyhow::Result<Redis> {
    let RedisConfig { url, prefix, partitions } = config.clone();
    Ok(Redis::new(&RedisOptions { url, prefix, partitions })?)
}

fn services(config: &PipelineConfig) -> anyhow::Result<Services> {
    if let Some(warning) = config.warning() {
        tracing::warn!("{warning}");
    }
    Ok(match config.mode {
        Mode::Simulated => Services::Simulated(Simulated::new(&config.simulated)),
        Mode::Http => Services::Http(Box::new(Http::new(&config.http, config.step_timeout())?)),
    })
}

async fn open(config: &Config) -> anyhow::Result<Database> {
    let database = db::connect(&config.database, Service::OrderProcessor).await?;
    database.migrate::<Migrations>().await?;
    Ok(database)
}

fn readiness(redis: &Redis, database: &Database, shutdown: Shutdown) -> Readiness {
    let (redis, database) = (redis.clone(), database.clone());
    Readiness::new(shutdown)
        .check("redis", move || {
            let redis = redis.clone();
            async move { redis.ping().await }
        })
        .check("database", move || {
            let database = database.clone();
            async move { database.ping().await }
        })
}

#[cfg(test)]
mod tests;
