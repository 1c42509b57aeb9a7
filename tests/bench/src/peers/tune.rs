//! Which setting of a peer is its fastest on this machine: each is tried with a shorter backlog, twice, and its better try
//! counts.

use anyhow::ensure;
use serde::Serialize;

use super::{Peer, Setting, measure};
use crate::{cli::Settings, host::Site, report::number};

/// Jobs of one try, at most.
const JOBS: u64 = 20_000;
const TRIES: usize = 2;

/// One peer as it is measured, and how it came to that.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Tuned {
    pub(crate) versions: String,
    pub(crate) promises: &'static str,
    pub(crate) setting: Setting,
    /// Jobs a second with each.
    pub(crate) tried: Vec<(Setting, f64)>,
}

impl Setting {
    /// What is worth trying: from little at once to more than helps, and all cores of a small machine.
    fn candidates(peer: Peer) -> Vec<Self> {
        let (alone, shared): (&[u32], &[u32]) = match peer {
            Peer::BullMq => (&[1, 10, 50, 100, 200, 300, 500], &[50, 100, 200]),
            Peer::Apalis => (&[10, 100, 300, 1_000, 3_000], &[300, 1_000]),
        };
        let with = |processes| move |width: &u32| Self { peer, width: *width, processes };
        alone.iter().map(with(1)).chain(shared.iter().map(with(2))).collect()
    }
}

/// # Errors
/// When a peer does its jobs with none.
pub(crate) async fn tuned(settings: &Settings) -> anyhow::Result<Vec<Tuned>> {
    let mut tuned = Vec::new();
    for peer in Peer::ALL {
        let candidates = Setting::candidates(peer);
        let mut tried: Vec<(Setting, f64)> = candidates.into_iter().map(|setting| (setting, 0.0)).collect();
        let jobs = JOBS.min(settings.backlog_thousands * 1_000);
        for _ in 0..TRIES {
            for (setting, best) in &mut tried {
                eprint!("trying {}, {setting}: ", peer.name());
                let site = Site::new(&settings.set)?;
                match measure(&site, *setting, jobs).await {
                    Ok(figures) => {
                        let rate = figures.get(&format!("{}.drain", peer.key())).unwrap_or_default();
                        eprintln!("{}/s", number(rate));
                        *best = best.max(rate);
                    }
                    // It is not its fastest, then.
                    Err(error) => eprintln!("failed: {error:#}"),
                }
            }
        }
        let fastest = tried.iter().max_by(|one, other| one.1.total_cmp(&other.1));
        let (setting, rate) = *fastest.expect("there are candidates");
        ensure!(rate > 0.0, "{} did its jobs with no setting at all", peer.name());
        tuned.push(Tuned { versions: peer.versions(), promises: peer.promises(), setting, tried });
    }
    Ok(tuned)
}
