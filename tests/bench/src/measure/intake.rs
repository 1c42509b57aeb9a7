//! Rates of `POST /orders`: of order-api with Redis and relay, and of the servers that it is compared with.

use anyhow::ensure;
use runtime::Service;

use super::{WARM_UP_SECONDS, scrape::Counters};
use crate::{
    cli::Server,
    figures::Figures,
    host::{CpuMeter, Memory, Process, Site},
    load::{Answered, Wrk},
};

/// `echo.64` and the like: requests a second.
pub(super) async fn server(
    site: &Site,
    server: Server,
    connections: u32,
    seconds: u64,
) -> anyhow::Result<Figures> {
    let process = site.start_server(server).await?;
    let load = Wrk { connections, seconds, keyed: false };
    let (mut figures, _) = drive(site, load, &[&process], &format!("{server}.{connections}")).await?;
    note_memory(&process, "server", connections, &mut figures);
    process.stop().await?;
    Ok(figures)
}

/// `intake.64` and the like, `intake.keyed.64` with keys: durable orders a second.
///
/// # Errors
/// Also when there are fewer orders than answers that promised one.
pub(super) async fn order_api(
    site: &Site,
    connections: u32,
    keyed: bool,
    seconds: u64,
) -> anyhow::Result<Figures> {
    let redis = site.start_redis().await?;
    let api = site.start(Service::OrderApi).await?;
    let mut counters = Counters::open(site.api).await?;
    let load = Wrk { connections, seconds, keyed };
    let name = format!("intake.{}{connections}", if keyed { "keyed." } else { "" });
    let (mut figures, promised) = drive(site, load, &[&api, &redis], &name).await?;
    let accepted = counters.sum("orderflow_orders_accepted_total", &[]).await?;
    ensure!(accepted >= promised, "{promised} orders were promised, and {accepted} are there");
    note_memory(&api, Service::OrderApi.name(), connections, &mut figures);
    api.stop().await?;
    redis.stop().await?;
    Ok(figures)
}

/// Warms up, then measures. Returns how many requests were answered well in all.
async fn drive(site: &Site, load: Wrk, processes: &[&Process], name: &str) -> anyhow::Result<(Figures, u64)> {
    let warm_up = Wrk { seconds: WARM_UP_SECONDS, ..load };
    let warmed_up = warm_up.run(site.api, "warm-up", site.path()).await?;
    let cpu = CpuMeter::start(processes.iter().copied());
    let answered = load.run(site.api, "run", site.path()).await?;
    ensure!(answered.good() > 0, "nothing was answered within {} s", load.seconds);
    let mut figures = Figures::default();
    cpu.note(name, answered.good() as f64, &mut figures);
    note(&answered, name, &mut figures);
    Ok((figures, warmed_up.good() + answered.good()))
}

fn note(answered: &Answered, name: &str, figures: &mut Figures) {
    figures.set(name, answered.rate());
    figures.set(format!("{name}/p50_ms"), answered.p50_ms());
    figures.set(format!("{name}/p99_ms"), answered.p99_ms());
    figures.set(format!("{name}/errors"), (answered.errors() + answered.refused()) as f64);
    figures.set(format!("{name}/refused"), answered.refused() as f64);
}

fn note_memory(process: &Process, name: &str, connections: u32, figures: &mut Figures) {
    if let Some(memory) = Memory::of(process) {
        figures.set(format!("memory.{connections}.intake.{name}"), memory.peak);
    }
}
