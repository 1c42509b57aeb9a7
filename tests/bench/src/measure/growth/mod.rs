//! Whether what is there already makes anything slower: the same measurements with a thousand orders in all databases, and
//! with a million.
//!
//! Everything happens at one place, one after the other: the start of each service, what clients read, a backlog through each
//! service alone, durable POST without and with keys. The caches of the system are warm in both.

mod reads;
mod seed;

use std::time::Instant;

use runtime::Service;

use self::seed::{Past, seed};
use super::{drain, intake};
use crate::{figures::Figures, host::Site};

/// What stands for an empty database: lists have whole pages, and each user's too.
pub(crate) const FEW: u64 = 1_000;
pub(crate) const MANY: u64 = 1_000_000;
const CONNECTIONS: u32 = 64;

/// `growth.1000.…` and `growth.1000000.…`: `start.…` and `read.…` in milliseconds; `drain.…` and `intake.…` as they are called
/// elsewhere.
pub(super) async fn with(site: &Site, orders: u64, backlog: u64, seconds: u64) -> anyhow::Result<Figures> {
    let past = seed(site, orders).await?;
    let mut figures = start_and_read(site, &past).await?;
    figures.add(drain::all(site, backlog, past.completed).await?);
    for keyed in [false, true] {
        figures.add(intake::order_api(site, CONNECTIONS, keyed, seconds).await?);
    }
    Ok(figures.below(&format!("growth.{orders}")))
}

async fn start_and_read(site: &Site, past: &Past) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let redis = site.start_redis().await?;
    let mut services = Vec::new();
    for service in [Service::OrderApi, Service::OrderProcessor, Service::MetricsService] {
        let begun = Instant::now();
        services.push(site.start(service).await?);
        figures.set(format!("start.{service}"), begun.elapsed().as_secs_f64() * 1e3);
    }
    figures.add(reads::all(site, past).await?);
    for service in services {
        service.stop().await?;
    }
    redis.stop().await?;
    Ok(figures)
}
