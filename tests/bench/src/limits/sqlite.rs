//! SQLite alone: orders in transactions of 256, each waiting for the disk.

use std::time::{Duration, Instant};

use crate::{figures::Figures, host::Site, servers::rows};

const ROWS: usize = 256;

pub(crate) async fn group_commit(site: &Site, time: Duration) -> anyhow::Result<Figures> {
    let database = rows::open(&format!("sqlite://{}", site.path().join("limit.db").display())).await?;
    let (begun, mut written) = (Instant::now(), 0);
    while begun.elapsed() < time {
        let orders: Vec<_> = (written..written + ROWS)
            .map(|number| {
                let user = format!("user-{:03}", number * 7_919 % 1_000);
                rows::new_order(user, format!("[\"sku-{number:010}\",\"sku-1\"]"))
            })
            .collect();
        rows::write(&database, &orders).await?;
        written += ROWS;
    }
    let mut figures = Figures::default();
    figures.set("sqlite.group", written as f64 / begun.elapsed().as_secs_f64());
    database.close().await?;
    Ok(figures)
}
