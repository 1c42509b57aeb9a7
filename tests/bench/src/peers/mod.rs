//! What a user would pick instead: BullMQ and apalis, each a program of its own under `tests/peers`, as fast as it can be
//! set to be. `make bench-peers` builds them; building Orderflow never downloads anything of theirs.
//!
//! Each is [tuned](tune) on the machine that measures, before the rounds begin.

mod backlog;
mod peer;
mod tune;

pub(crate) use self::{
    peer::{Peer, Setting},
    tune::{Tuned, tuned},
};

use crate::{
    figures::Figures,
    host::{CpuMeter, Site},
    measure::{connect, follow},
};

/// `<peer>.drain` and `<peer>.fill`: jobs that do nothing, a second.
///
/// # Errors
/// Also when a job fails.
pub(crate) async fn measure(site: &Site, setting: Setting, jobs: u64) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let name = setting.peer.key();
    let server = site.start_redis().await?;
    let redis = connect(site).await?;
    figures.set(format!("{name}.fill"), setting.peer.fill(site, jobs).await?);

    let mut workers = Vec::new();
    for number in 0..setting.processes {
        workers.push(setting.start(site, number)?);
    }
    let cpu = CpuMeter::start(workers.iter().chain([&server]));
    let rate = follow::rate(name, jobs, async || backlog::done(&redis, setting.peer, jobs).await);
    let drain = format!("{name}.drain");
    figures.set(&*drain, rate.await?);
    cpu.note(&drain, jobs as f64, &mut figures);
    backlog::none_failed(&redis, setting.peer).await?;
    for worker in workers {
        worker.stop().await?;
    }
    server.stop().await?;
    Ok(figures)
}
