//! The measurements. Each starts what it needs, in a place of its own, and leaves nothing behind.

mod drain;
pub(crate) mod follow;
mod growth;
mod intake;
mod latency;
mod scrape;
mod sustained;

use std::time::Duration;

use anyhow::ensure;
use runtime::lifecycle::Shutdown;
use streams::{Redis, RedisOptions};

use crate::{
    cli::{Part, Server, Settings},
    figures::Figures,
    host::Site,
    limits,
    peers::{self, Setting},
};

/// What a warm-up takes: connections, caches, pages of a new file.
pub(crate) const WARM_UP_SECONDS: u64 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// One of the servers that order-api is compared with.
    Server(Server, u32),
    /// Durable POST to order-api, with so many connections.
    Intake { connections: u32, keyed: bool },
    /// SQLite alone.
    GroupCommit,
    /// Redis alone.
    Streams,
    /// A backlog through relay, worker, projection and follower.
    Drain,
    /// From POST to completed, at so many orders a second.
    Latency { rate: u32 },
    /// Everything at once.
    Sustained,
    /// With so many orders there already.
    Growth { orders: u64 },
    /// A backlog of jobs that do nothing, through what a user would pick instead.
    Peer(Setting),
}

/// One round, in its order: what is compared with each other is measured one right after the other.
pub(crate) fn plan(only: &[Part]) -> Vec<Measure> {
    let intake = |connections| Measure::Intake { connections, keyed: false };
    let keyed = |connections| Measure::Intake { connections, keyed: true };
    let round = [
        Measure::Server(Server::Echo, 64),
        intake(64),
        keyed(64),
        Measure::Server(Server::EchoPoem, 64),
        Measure::Server(Server::EchoEdge, 64),
        Measure::Server(Server::EachTransaction, 64),
        Measure::Server(Server::Echo, 256),
        intake(256),
        keyed(256),
        intake(1_000),
        intake(10_000),
        Measure::Server(Server::Echo, 10_000),
        Measure::GroupCommit,
        Measure::Streams,
        Measure::Drain,
        Measure::Latency { rate: 200 },
        Measure::Latency { rate: 1_000 },
        Measure::Sustained,
        Measure::Growth { orders: growth::FEW },
        Measure::Growth { orders: growth::MANY },
    ];
    // Takes as long as everything else together, and so only if it is asked for.
    let by_default = |measure: &Measure| only.is_empty() && measure.parts() != [Part::Growth];
    let wanted =
        |measure: &Measure| by_default(measure) || measure.parts().iter().any(|part| only.contains(part));
    round.into_iter().filter(wanted).collect()
}

impl Measure {
    /// Where it belongs, also as the limit of something else.
    const fn parts(self) -> &'static [Part] {
        match self {
            Self::Server(..) | Self::GroupCommit => &[Part::Limits, Part::Intake],
            Self::Intake { connections: 64, keyed: false } => &[Part::Intake, Part::EndToEnd, Part::Peers],
            Self::Intake { .. } => &[Part::Intake],
            Self::Streams => &[Part::Limits, Part::Drain],
            Self::Drain => &[Part::Drain, Part::Peers],
            Self::Peer(_) => &[Part::Peers],
            Self::Latency { .. } | Self::Sustained => &[Part::EndToEnd],
            Self::Growth { .. } => &[Part::Growth],
        }
    }

    pub(crate) fn title(self) -> String {
        match self {
            Self::Server(server, connections) => format!("limit: {server}, {connections} connections"),
            Self::Intake { connections, keyed } => {
                let keyed = if keyed { ", Idempotency-Key" } else { "" };
                format!("intake, {connections} connections{keyed}")
            }
            Self::GroupCommit => "limit: SQLite, group commit".to_owned(),
            Self::Streams => "limit: Redis, streams".to_owned(),
            Self::Drain => "drain: relay, worker, projection, follower".to_owned(),
            Self::Latency { rate } => format!("end to end, {rate} orders a second"),
            Self::Sustained => "end to end, everything at once".to_owned(),
            Self::Growth { orders } => format!("growth: {orders} orders are there already"),
            Self::Peer(setting) => format!("{}: {setting}", setting.peer.name()),
        }
    }

    /// About how long it takes.
    pub(crate) const fn seconds(self, settings: &Settings) -> u64 {
        match self {
            Self::Server(..) | Self::Intake { .. } | Self::Latency { .. } => {
                settings.seconds + WARM_UP_SECONDS + 1
            }
            Self::GroupCommit => settings.seconds,
            Self::Streams => 8,
            Self::Drain => 5 + settings.backlog_thousands / 3,
            Self::Sustained => settings.sustain_seconds + sustained::WARM_UP_SECONDS + 4,
            Self::Growth { orders } => {
                let load = 2 * (settings.seconds + WARM_UP_SECONDS + 1);
                orders / 10_000 + 15 + settings.backlog_thousands / 3 + load
            }
            Self::Peer(_) => 3 + settings.backlog_thousands / 5,
        }
    }

    /// # Errors
    /// When something did not work as it must; then there is nothing to measure.
    pub(crate) async fn run(self, settings: &Settings) -> anyhow::Result<Figures> {
        // Even a service that answers nothing at all comes to an end.
        let limit = Duration::from_secs(120 + 10 * self.seconds(settings));
        let site = Site::new(&settings.set)?;
        let done = tokio::time::timeout(limit, self.measure(&site, settings)).await;
        done.map_err(|_| anyhow::anyhow!("it did not end within {} s", limit.as_secs()))?
    }

    async fn measure(self, site: &Site, settings: &Settings) -> anyhow::Result<Figures> {
        match self {
            Self::Server(server, connections) => {
                intake::server(site, server, connections, settings.seconds).await
            }
            Self::Intake { connections, keyed } => {
                intake::order_api(site, connections, keyed, settings.seconds).await
            }
            Self::GroupCommit => limits::group_commit(site, Duration::from_secs(settings.seconds)).await,
            Self::Streams => limits::streams(site).await,
            Self::Drain => drain::all(site, settings.backlog_thousands * 1_000, 0).await,
            Self::Latency { rate } => latency::at(site, rate, settings.seconds).await,
            Self::Sustained => sustained::all(site, settings.sustain_seconds).await,
            Self::Growth { orders } => {
                growth::with(site, orders, settings.backlog_thousands * 1_000, settings.seconds).await
            }
            Self::Peer(setting) => peers::measure(site, setting, settings.backlog_thousands * 1_000).await,
        }
    }
}

/// A client of the Redis that runs at this place.
pub(crate) async fn connect(site: &Site) -> anyhow::Result<Redis> {
    let redis = Redis::new(&RedisOptions::new(format!("redis://127.0.0.1:{}", site.redis)))?;
    ensure!(redis.wait_until_ready(&Shutdown::manual().draining()).await, "Redis does not answer");
    Ok(redis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_comes_with_its_limits() {
        let drain = plan(&[Part::Drain]);
        assert_eq!(drain, [Measure::Streams, Measure::Drain]);
        assert!(plan(&[Part::EndToEnd]).contains(&Measure::Intake { connections: 64, keyed: false }));
        assert!(plan(&[]).len() > plan(&[Part::Intake, Part::Drain]).len());
        let growth = [growth::FEW, growth::MANY].map(|orders| Measure::Growth { orders });
        assert_eq!(plan(&[Part::Growth]), growth);
        assert!(!plan(&[]).contains(&growth[0]));
    }
}
