//! The past: orders that are final, in all three databases, as if they had come over the last thirty days. Written by SQL
//! into the tables that the services have made: through the API a million would take a quarter of an hour.

use anyhow::Context;
use contract::{OrderId, Timestamp};
use runtime::{Service, clock::Clock};
use sea_orm::{ConnectOptions, ConnectionTrait, Database};

use crate::host::Site;

const ORDERS: &str = include_str!("seed/orders.sql");

/// What was there before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Past {
    pub(super) completed: u64,
    /// An order from the middle of the list.
    pub(super) middle: OrderId,
}

/// Makes the tables and fills them.
///
/// # Errors
/// Also when a service's tables are not those that these statements are for.
pub(super) async fn seed(site: &Site, orders: u64) -> anyhow::Result<Past> {
    let now = Clock::system().now().as_micros();
    for (service, statements) in [
        (Service::OrderApi, include_str!("seed/order-api.sql")),
        (Service::OrderProcessor, include_str!("seed/order-processor.sql")),
        (Service::MetricsService, include_str!("seed/metrics-service.sql")),
    ] {
        site.migrate(service).await?;
        let filled = fill(site, service, &[ORDERS, statements], orders, now).await;
        filled.with_context(|| format!("the tables of {service} can't be filled"))?;
    }
    // Every hundredth is cancelled, two of a hundred have failed.
    let completed = (0..orders).filter(|number| number % 100 > 2).count() as u64;
    let fifteen_days = 15 * 24 * 3_600 * 1_000_000;
    Ok(Past { completed, middle: OrderId::first_at(Timestamp::from_micros(now - fifteen_days)) })
}

async fn fill(
    site: &Site,
    service: Service,
    statements: &[&str],
    orders: u64,
    now: i64,
) -> anyhow::Result<()> {
    let mut options = ConnectOptions::new(format!("sqlite://{}", site.database(service).display()));
    options.max_connections(1).sqlx_logging(false);
    let database = Database::connect(options).await?;
    // A power cut in the middle of a measurement is nobody's loss.
    database.execute_unprepared("PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; BEGIN").await?;
    for statements in statements {
        let text = statements.replace("{orders}", &orders.to_string()).replace("{now}", &now.to_string());
        database.execute_unprepared(&text).await?;
    }
    database.execute_unprepared("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)").await?;
    Ok(database.close().await?)
}
