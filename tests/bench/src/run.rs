//! Round after round of every measurement.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    cli::{Part, Settings},
    figures::Figures,
    host,
    measure::{Measure, plan},
    peers,
    report::{self, Machine},
};

/// The largest load, and what else a server has open.
const OPEN_FILES: u64 = 10_000 + 500;

/// Measures; Ctrl-C ends it and everything that it started.
pub(crate) async fn until_stopped(settings: Settings) -> anyhow::Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        done = rounds(&settings) => done,
        _ = interrupt.recv() => bail!("stopped"),
        _ = terminate.recv() => bail!("stopped"),
    }
}

async fn rounds(settings: &Settings) -> anyhow::Result<()> {
    host::raise_open_files_limit(OPEN_FILES)?;
    let machine = Machine::look();
    let peers = if settings.only.contains(&Part::Peers) { peers::tuned(settings).await? } else { Vec::new() };
    let mut plan = plan(&settings.only);
    plan.extend(peers.iter().map(|peer| Measure::Peer(peer.setting)));
    let all = plan.len() * settings.rounds as usize;
    let seconds: u64 = plan.iter().map(|measure| measure.seconds(settings)).sum();
    let estimate = Duration::from_secs(seconds * u64::from(settings.rounds));
    eprintln!("{all} measurements in {} rounds, about {}", settings.rounds, in_words(estimate));
    if let Some(busy) = machine.load_average.filter(|busy| *busy > 0.5) {
        eprintln!(
            "this machine is not at rest (load average {busy}): rates are too low and times too long, ratios less so"
        );
    }

    let (mut rounds, mut failures) = (Vec::new(), Vec::new());
    let (mut number, begun) = (0, Instant::now());
    for round in 1..=settings.rounds {
        let mut figures = Figures::default();
        for measure in &plan {
            number += 1;
            eprint!("[{number:>3}/{all}] round {round}: {:<52}", measure.title());
            match measure.run(settings).await {
                Ok(measured) => {
                    eprintln!("{}", headline(&measured));
                    figures.add(measured);
                }
                Err(error) => {
                    eprintln!("failed");
                    eprintln!("{error:#}");
                    failures.push(format!("round {round}: {}: {error:#}", measure.title()));
                }
            }
        }
        rounds.push(figures);
        let left = Duration::from_secs(seconds * u64::from(settings.rounds - round));
        let done = in_words(begun.elapsed());
        eprintln!("round {round} is done after {done}, about {} to go", in_words(left));
    }

    let results = report::results(settings, machine, peers, &rounds, failures);
    println!("\n{}", report::table(&results));
    report::write(&results, &settings.json).with_context(|| settings.json.display().to_string())?;
    eprintln!("all figures are in {}", settings.json.display());
    if results.failures.is_empty() { Ok(()) } else { bail!("{} measurements failed", results.failures.len()) }
}

/// The measurement's own figures in a line.
fn headline(figures: &Figures) -> String {
    let own = figures.names().filter(|name| !name.contains('/') && !name.starts_with("memory."));
    own.filter_map(|name| Some(format!("{name} {}", report::number(figures.get(name)?))))
        .collect::<Vec<_>>()
        .join(", ")
}

fn in_words(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}
