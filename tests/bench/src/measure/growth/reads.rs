//! What clients read, one request after the other on one connection.

use std::time::Instant;

use anyhow::ensure;
use hdrhistogram::Histogram;

use super::seed::Past;
use crate::{figures::Figures, host::Site, load::Connection};

const REQUESTS: u32 = 500;

/// `read.…`: the median time of a request, in milliseconds.
pub(super) async fn all(site: &Site, past: &Past) -> anyhow::Result<Figures> {
    let deep = format!("/orders?cursor={}", past.middle);
    let mut figures = Figures::default();
    for (name, port, path) in [
        ("list", site.api, "/orders"),
        ("list.status", site.api, "/orders?status=completed"),
        ("list.user", site.api, "/orders?user_id=user-007"),
        ("list.user_status", site.api, "/orders?user_id=user-007&status=completed"),
        ("list.deep", site.api, &*deep),
        ("metrics", site.api, "/orders/metrics"),
        ("status", site.api, "/orders/status"),
        ("stats", site.metrics, "/stats"),
    ] {
        let times = time(port, path).await?;
        let ms = |quantile| times.value_at_quantile(quantile) as f64 / 1e3;
        figures.set(format!("read.{name}"), ms(0.5));
        figures.set(format!("read.{name}/p99_ms"), ms(0.99));
    }
    Ok(figures)
}

/// In microseconds.
async fn time(port: u16, path: &str) -> anyhow::Result<Histogram<u64>> {
    let mut connection = Connection::open(port).await?;
    let mut times = Histogram::new(3)?;
    for _ in 0..REQUESTS {
        let begun = Instant::now();
        let answer = connection.get(path).await?;
        ensure!(answer.status == 200, "{path} is answered {}: {}", answer.status, answer.body);
        times.record(begun.elapsed().as_micros() as u64)?;
    }
    Ok(times)
}
