//! order-api put together: the only place where its parts are made and handed to each other.

use std::net::SocketAddr;

use anyhow::Context;
use runtime::{
    Service,
    clock::Clock,
    db::{self, Database},
    http::{self, Readiness, Site},
    ids::random_uuid,
    lifecycle::{Shutdown, Tasks},
    metrics::Metrics,
};
use sea_orm::DbBackend;
use streams::{EventReader, Redis, RedisOptions, StreamError, groups, keys::ORDER_API};
use tokio::net::TcpListener;

use crate::{
    Config,
    catalog::Catalog,
    events::Follower,
    heal::{Alarm, Healer, Sweeper},
    http::{State, Streams, feed, service},
    intake::{Intake, Writer},
    metrics::ApiMetrics,
    migrations::Migrator,
    outbox::{Backlog, Marks, Relay, Shared},
    queue::Queue,
    retention::Retention,
    waiting::Waiters,
    webhooks::{Courier, Hooks},
};

/// The service, ready to run.
pub struct App {
    config: Config,
    clock: Clock,
    listener: TcpListener,
    database: Database,
    redis: Redis,
}

impl App {
    /// Takes the address, opens the database and brings it up to date. Needs no Redis.
    ///
    /// # Errors
    /// A sentence that says what to do.
    pub async fn build(config: Config, clock: Clock) -> anyhow::Result<Self> {
        let listener = http::bind(&config.http.listen).await?;
        let database = open(&config).await?;
        let redis = Redis::new(&RedisOptions {
            url: config.redis.url.clone(),
            prefix: config.redis.prefix.clone(),
            partitions: config.redis.partitions,
        })
        .context("redis.url")?;
        Ok(Self { config, clock, listener, database, redis })
    }

    /// Brings the database up to date and closes it.
    ///
    /// # Errors
    /// A sentence that says what to do.
    pub async fn migrate(config: &Config) -> anyhow::Result<()> {
        Ok(open(config).await?.close().await?)
    }

    /// Where it listens.
    ///
    /// # Panics
    /// Never: an open listener has an address.
    pub fn addr(&self) -> SocketAddr {
        self.listener.local_addr().expect("an open listener has an address")
    }

    /// Serves until the shutdown is over.
    ///
    /// The parts end one after the other: the HTTP server with its last answer, then the writer, for nobody can hand in
    /// orders any more, then the relay, which publishes what the writer committed last.
    ///
    /// # Errors
    /// What could not be kept running.
    pub async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let address = self.addr();
        let Self { config, clock, listener, database, redis } = self;
        let registry = Metrics::new(Service::OrderApi);
        let metrics = ApiMetrics::new(&registry);
        let waiters = Waiters::new(metrics.waiting_clients.clone());
        let hooks = Hooks::new(&config.webhooks, &clock)?;
        let courier = Courier::new(&config.webhooks, &database, &hooks, &clock, &metrics)?;

        let (intake, jobs) = Intake::new(config.intake.queue, &metrics);
        let backlog = Backlog::new(&database.reader, random_uuid());
        registry.sqlite_files(&config.database);
        show_outbox(&registry, &metrics, &backlog, &clock);
        let writer = Writer::new(&database, jobs, config.intake.batch, backlog.clone(), &metrics);
        let (alarm, marks) = (Alarm::default(), Marks::load(&database.reader).await?);
        let shared = Shared {
            commits: writer.commits(),
            backlog: backlog.clone(),
            marks: marks.clone(),
            alarm: alarm.clone(),
            clock: clock.clone(),
        };
        let relay = Relay::new(&database, &redis, &config.relay, shared, &metrics);
        let sweeper = Sweeper {
            database: database.clone(),
            redis: redis.clone(),
            intake: intake.clone(),
            clock: clock.clone(),
            metrics: metrics.clone(),
        };
        let healer = Healer::new(sweeper, alarm, &config.heal);
        let retention = Retention {
            database: database.clone(),
            redis: redis.clone(),
            clock: clock.clone(),
            own: backlog.producer(),
            config: config.retention.clone(),
            webhooks_kept: config.webhooks.kept(),
            metrics: metrics.clone(),
        };
        let state = State {
            clock,
            database: database.clone(),
            redis: redis.clone(),
            intake: intake.clone(),
            catalog: Catalog::new(config.catalog.mode, &database.reader),
            queue: Queue::new(&redis),
            backlog,
            marks,
            waiters: waiters.clone(),
            hooks: hooks.clone(),
            streams: Streams::new(&config.events, metrics.event_streams.clone()),
            shutdown: shutdown.clone(),
        };
        // Not Redis: orders are accepted without it.
        let asked = database.clone();
        let readiness = Readiness::new(shutdown.clone()).check("database", move || {
            let database = asked.clone();
            async move { database.ping().await }
        });
        let endpoint = Site::new(&config.http, &registry, readiness)
            .api(service(state))
            .page(feed::PATH, feed::endpoint(&database))
            .endpoint();

        let tasks = Tasks::new(shutdown.clone());
        tasks.spawn("redis", prepare_redis(redis.clone(), shutdown.clone()));
        // SQLite has a thread, and with another server there are sockets, which belong to the threads that all tasks share.
        if database.backend == DbBackend::Sqlite {
            tasks.spawn_thread("writer", writer.run())?;
        } else {
            tasks.spawn("writer", writer.run());
        }
        tasks.spawn("relay", relay.run(shutdown.clone()));
        tasks.spawn("healer", healer.run(shutdown.clone()));
        tasks.spawn("retention", retention.run(shutdown.clone()));
        for partition in redis.keys().partitions() {
            let follower = Follower {
                reader: EventReader::new(&redis, partition, ORDER_API, &config.instance)?,
                database: database.clone(),
                waiters: waiters.clone(),
                hooks: hooks.clone(),
                intake: intake.clone(),
                batch: config.events.batch,
                metrics: metrics.clone(),
            };
            let (redis, shutdown) = (redis.clone(), shutdown.clone());
            tasks.spawn("events", async move {
                // On a new Redis the first thing that a reader does is to make its group, by the connection for commands.
                if redis.wait_until_ready(&shutdown.draining()).await {
                    follower.run(shutdown).await?;
                }
                Ok::<_, StreamError>(())
            });
        }
        if let Some(courier) = courier {
            tasks.spawn("webhooks", courier.run(shutdown.clone()));
        }
        // The writer ends with the last one who could hand in orders.
        drop(intake);
        // Threads of its own: with thousands of clients everybody else would stand in line behind their requests. Orders would be
        // accepted that nobody publishes, until fewer come.
        tasks.spawn_threads("http", async move {
            http::serve(listener, endpoint, &config.http, shutdown).await
        })?;
        tracing::info!(%address, "{} {} serves", Service::OrderApi, env!("CARGO_PKG_VERSION"));

        let outcome = tasks.join().await;
        if let Err(error) = database.close().await {
            tracing::warn!(%error, "the database was not closed; the next start recovers it");
        }
        tracing::info!("stopped");
        Ok(outcome?)
    }
}

async fn open(config: &Config) -> anyhow::Result<Database> {
    let database = db::connect(&config.database, Service::OrderApi).await?;
    database.migrate::<Migrator>().await?;
    Ok(database)
}

/// The outbox is looked at whenever somebody asks for the metrics.
fn show_outbox(registry: &Metrics, metrics: &ApiMetrics, backlog: &Backlog, clock: &Clock) {
    let shared = (metrics.clone(), backlog.clone(), clock.clone());
    registry.before_reading(move || {
        let (metrics, backlog, clock) = shared.clone();
        async move { metrics.show_outbox(backlog.look(clock.now()).await) }
    });
}

/// Once Redis answers: says what is wrong with its settings, and makes the groups. Until then, and whenever the groups are gone, each
/// reader makes them for itself.
async fn prepare_redis(redis: Redis, shutdown: Shutdown) -> Result<(), StreamError> {
    if !redis.wait_until_ready(&shutdown.draining()).await {
        return Ok(());
    }
    for warning in redis.warnings().await {
        tracing::warn!("{warning}");
    }
    match groups::ensure(&redis).await {
        // Of a Redis that is full, for example: that is no reason to accept no orders.
        Err(error) if !error.is_connection() => {
            tracing::error!(%error, "the consumer groups can't be made; trying again with each read");
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests;
