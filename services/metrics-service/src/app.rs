//! The service, put together: the only place where its parts are constructed and connected.
//!
//! Whatever is needed from outside may come later: HTTP serves at once, the numbers are loaded as soon as the database
//! answers, and events are read as soon as Redis does.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context;
use runtime::{
    Service,
    clock::Clock,
    db::{self, Database},
    http::{self, Readiness},
    lifecycle::{Shutdown, Tasks},
    metrics::Metrics,
};
use streams::{Redis, RedisOptions};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    Config, Migrations,
    dashboard::{Dashboard, History, Live, OrderApi, Recent, Sampler, Sight, Streams},
    http::{StatsSource, site},
    loss::LossWatch,
    projection::Projection,
    projector::Projectors,
    rebuild::{Feed, Rebuilder},
    snapshot::Publisher,
    telemetry::ProjectionMetrics,
    upkeep::{Upkeep, backlog::Backlog, queue::QueueMetrics},
};

/// A service that is ready to run.
pub struct App {
    config: Config,
    address: SocketAddr,
    listener: TcpListener,
    database: Database,
    redis: Redis,
    clock: Clock,
}

impl App {
    /// Opens the database, brings its schema up to date and takes the address. Needs no Redis yet.
    ///
    /// # Errors
    /// A sentence for whoever started the service.
    pub async fn build(config: Config, clock: Clock) -> anyhow::Result<Self> {
        let redis = Redis::new(&RedisOptions {
            url: config.redis.url.clone(),
            prefix: config.redis.prefix.clone(),
            partitions: config.redis.partitions,
        })?;
        let listener = http::bind(&config.http.listen).await?;
        let database = open(&config).await?;
        let address = listener.local_addr().context("the listener has no address")?;
        Ok(Self { config, address, listener, database, redis, clock })
    }

    /// Brings the database up to date, and nothing else.
    pub async fn migrate(config: &Config) -> anyhow::Result<()> {
        open(config).await?.close().await.context("can't close the database")
    }

    /// Where it listens.
    pub const fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the shutdown; the order of what ends is that of [`runtime::lifecycle`]. The last snapshot is written
    /// after the last events were applied.
    ///
    /// # Errors
    /// The first task that failed, or a database that can't be closed.
    pub async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let Self { config, address, listener, database, redis, clock } = self;
        let metrics = Metrics::new(Service::MetricsService);
        metrics.sqlite_files(&config.database);
        let projection = Arc::new(Projection::new(database.clone(), clock.clone()));
        let backlog = Backlog::default();
        let measured = ProjectionMetrics::new(&metrics);
        let tasks = Tasks::new(shutdown.clone());
        // Connected from the start, so that readiness tells of Redis whatever else has to be waited for.
        redis.connect();

        let (sight, recent) = (Sight::default(), Recent::default());
        let admin_key = config.dashboard.admin_key;
        let live = Live::new(
            projection.clone(),
            backlog.clone(),
            sight.clone(),
            recent.clone(),
            !admin_key.is_none(),
        );
        let streams = Streams::new(live, config.dashboard.streams, shutdown.draining());
        tasks.spawn("dashboard", streams.clone().run());
        let sampler = Sampler {
            database: database.clone(),
            projection: projection.clone(),
            sight: sight.clone(),
            recent: recent.clone(),
            draining: shutdown.draining(),
        };
        tasks.spawn("sampler", sampler.run());
        let dashboard = Dashboard {
            streams,
            history: History::new(database.clone(), projection.clone()),
            order_api: OrderApi::new(config.projection.order_api()?)?,
            admin_key,
        };

        let stats = StatsSource::new(projection.clone(), backlog.clone(), clock);
        let readiness = readiness(&shutdown, &redis, &database, &projection);
        let endpoint = site(&config.http, &metrics, readiness, stats, dashboard).endpoint();
        let (http_config, stop) = (config.http.clone(), shutdown.clone());
        tasks.spawn("http", async move { http::serve(listener, endpoint, &http_config, stop).await });

        // What needs Redis waits for these, so that only one line of the log says that it is away.
        let (redis_answered, everything_applied) = (CancellationToken::new(), CancellationToken::new());
        let feed = config.projection.order_api()?.map(|url| Feed::new(&url)).transpose()?;
        let losses = LossWatch {
            redis: redis.clone(),
            projection: projection.clone(),
            metrics: measured.clone(),
            can_rebuild: feed.is_some(),
        };
        let projectors = Projectors {
            redis: redis.clone(),
            consumer: config.instance.clone(),
            projection: projection.clone(),
            metrics: measured.clone(),
            losses: losses.clone(),
            recent,
            batch: config.projection.batch,
            redis_answered: redis_answered.clone(),
            draining: shutdown.draining(),
        };
        let done = everything_applied.clone().drop_guard();
        tasks.spawn("projection", async move {
            let _done = done;
            projectors.run().await
        });

        let publisher = Publisher::new(redis.clone(), projection.clone(), &config.projection);
        tasks.spawn("snapshot", publisher.run(redis_answered.clone(), everything_applied));

        if let Some(feed) = feed {
            let rebuilder = Rebuilder {
                feed,
                projection: projection.clone(),
                metrics: measured.clone(),
                instance: config.instance,
                again: config.projection.rebuild_again(),
                interval: config.projection.watch_interval(),
                draining: shutdown.draining(),
            };
            tasks.spawn("rebuild", rebuilder.run());
        }

        let upkeep = Upkeep {
            redis,
            redis_answered,
            projection,
            backlog,
            sight,
            queue: QueueMetrics::new(&metrics),
            losses,
            metrics: measured,
            draining: shutdown.draining(),
        };
        tasks.spawn("upkeep", upkeep.run(config.projection));

        tracing::info!(%address, "listening");
        let ended = tasks.join().await;
        database.close().await.context("can't close the database")?;
        Ok(ended?)
    }
}

async fn open(config: &Config) -> anyhow::Result<Database> {
    let database = db::connect(&config.database, Service::MetricsService).await?;
    database.migrate::<Migrations>().await?;
    Ok(database)
}

fn readiness(
    shutdown: &Shutdown,
    redis: &Redis,
    database: &Database,
    projection: &Arc<Projection>,
) -> Readiness {
    let (redis, database, projection) = (redis.clone(), database.clone(), projection.clone());
    Readiness::new(shutdown.clone())
        .check("redis", move || {
            let redis = redis.clone();
            async move { redis.ping().await }
        })
        .check("database", move || {
            let database = database.clone();
            async move { database.ping().await }
        })
        .check("projection", move || {
            let loaded = projection.read(|_| ()).ok_or("not loaded yet");
            async move { loaded }
        })
}
