//! `order-api populate`: sample customers and a small catalogue into the database, and sample orders to a running
//! order-api, through its API like any client.

use std::{io::IsTerminal, time::Duration};

use anyhow::{Context, bail};
use contract::Money;
use futures_util::{StreamExt, TryStreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::{Client, StatusCode};
use runtime::{Service, db};
use serde_json::{Value, json};

use crate::{
    Config,
    catalog::{CUSTOMERS, ITEMS, add_samples},
    commands::Populate,
};

/// Requests under way at once.
const AT_ONCE: usize = 16;
/// Tries of one order that is answered 503, a second apart.
const TRIES: u32 = 30;

/// # Errors
/// A sentence that says what to do.
pub async fn run(config: &Config, arguments: &Populate) -> anyhow::Result<()> {
    // The client is built with TLS; it fails when it is installed already, which is what we want.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = arguments.url.clone().unwrap_or_else(|| own_url(&config.http.listen));
    let url = url.trim_end_matches('/');
    let client = Client::builder().no_proxy().timeout(Duration::from_secs(30)).build()?;
    // First of all, so that nothing is left behind when nothing runs.
    if !answers(&client, url).await {
        bail!("nothing answers at {url}: start the system with `make run`, or name another place with --url");
    }
    let database = db::connect(&config.database, Service::OrderApi).await?;
    let added = add_samples(&database).await;
    database.close().await?;
    added.context("the sample customers and articles can't be written")?;
    println!("{} customers and {} articles are in the catalogue", CUSTOMERS.len(), ITEMS.len());

    let progress = progress(arguments.orders);
    stream::iter(0..arguments.orders)
        .map(|number| post(&client, url, number))
        .buffer_unordered(AT_ONCE)
        .try_for_each(async |()| {
            progress.inc(1);
            Ok(())
        })
        .await?;
    progress.finish_and_clear();
    println!("{} orders placed; see them at {url}/orders/ or {url}/docs", arguments.orders);
    Ok(())
}

fn progress(orders: u32) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("placing orders {bar:40} {pos}/{len} ({per_sec}, {eta} left)");
    ProgressBar::new(orders.into()).with_style(style.expect("a valid template"))
}

async fn answers(client: &Client, url: &str) -> bool {
    client.get(format!("{url}/healthz")).send().await.is_ok_and(|answer| answer.status().is_success())
}

async fn post(client: &Client, url: &str, number: u32) -> anyhow::Result<()> {
    let order = sample_order(number);
    for _ in 0..TRIES {
        let answer = client.post(format!("{url}/orders/")).json(&order).send().await;
        let answer = answer.with_context(|| format!("{url} no longer answers"))?;
        match answer.status() {
            StatusCode::CREATED => return Ok(()),
            StatusCode::SERVICE_UNAVAILABLE => tokio::time::sleep(Duration::from_secs(1)).await,
            status => bail!("an order was answered {status}: {}", answer.text().await.unwrap_or_default()),
        }
    }
    bail!("{url} has no room for more orders (503)")
}

/// An order that the strict catalogue accepts: one to three articles at their prices.
fn sample_order(number: u32) -> Value {
    let number = number as usize;
    let (user_id, _) = CUSTOMERS[number % CUSTOMERS.len()];
    let items = (0..=number % 3).map(|step| ITEMS[(number * 5 + step * 7) % ITEMS.len()]);
    let total = items.clone().map(|(_, _, price)| price).sum();
    let total = Money::from_ten_thousandths(total).expect("prices are not negative");
    json!({
        "user_id": user_id,
        "item_ids": items.map(|(item_id, _, _)| item_id).collect::<Vec<_>>(),
        "total_amount": total,
    })
}

/// A wildcard address is reached through loopback.
fn own_url(listen: &str) -> String {
    format!("http://{}", listen.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]"))
}
