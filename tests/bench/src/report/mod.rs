//! What comes out: a table for people, in Markdown, and all figures as JSON.

mod machine;
mod rows;
mod table;

use std::{collections::BTreeMap, fs, path::Path};

use serde::Serialize;

use self::rows::{Goal, PEERS, ROWS, Row};
pub(crate) use self::{
    machine::{Machine, first_line},
    table::{number, table},
};
use crate::{
    cli::Settings,
    figures::{Figures, median},
    peers::Tuned,
};

/// Everything that is known at the end.
#[derive(Debug, Serialize)]
pub(crate) struct Results {
    machine: Machine,
    settings: Setup,
    /// What a user would pick instead, as it was set.
    peers: Vec<Tuned>,
    rows: Vec<RowResult>,
    /// Every figure, round by round; null where it is missing.
    figures: BTreeMap<String, Vec<Option<f64>>>,
    pub(crate) failures: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Setup {
    rounds: u32,
    seconds: u64,
    sustain_seconds: u64,
    backlog: u64,
    services: Vec<(String, String)>,
}

/// One row of the table.
#[derive(Debug, Serialize)]
struct RowResult {
    name: &'static str,
    what: &'static str,
    unit: &'static str,
    median: f64,
    lowest: f64,
    highest: f64,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    errors: Option<f64>,
    /// Microseconds of processor time for each, by process.
    cpu_us: BTreeMap<String, f64>,
    of: Option<&'static str>,
    /// The median of the ratios of the rounds.
    ratio: Option<f64>,
    goal: Option<String>,
    met: Option<bool>,
}

pub(crate) fn results(
    settings: &Settings,
    machine: Machine,
    peers: Vec<Tuned>,
    rounds: &[Figures],
    failures: Vec<String>,
) -> Results {
    let names: std::collections::BTreeSet<&str> = rounds.iter().flat_map(Figures::names).collect();
    let figures =
        names.into_iter().map(|name| (name.to_owned(), rounds.iter().map(|round| round.get(name)).collect()));
    let rows = if peers.is_empty() { ROWS } else { PEERS };
    Results {
        machine,
        settings: Setup {
            rounds: settings.rounds,
            seconds: settings.seconds,
            sustain_seconds: settings.sustain_seconds,
            backlog: settings.backlog_thousands * 1_000,
            services: settings.set.clone(),
        },
        figures: figures.collect(),
        peers,
        rows: rows.iter().filter_map(|row| row_result(row, rounds)).collect(),
        failures,
    }
}

pub(crate) fn write(results: &Results, path: &Path) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(path, serde_json::to_vec_pretty(results)?)?)
}

/// `None`: it was not measured.
fn row_result(row: &Row, rounds: &[Figures]) -> Option<RowResult> {
    let values = |name: &str| rounds.iter().filter_map(|round| round.get(name)).collect::<Vec<_>>();
    let detail = |name: &str| median(&values(&format!("{}/{name}", row.name)));
    let own = values(row.name);
    let value = median(&own)?;
    let ratio = row.of.and_then(|of| {
        let ratio = |round: &Figures| Some(round.get(row.name)? / round.get(of)?);
        median(&rounds.iter().filter_map(ratio).collect::<Vec<_>>())
    });
    let cpu = format!("{}/cpu_us/", row.name);
    let processes: std::collections::BTreeSet<&str> =
        rounds.iter().flat_map(Figures::names).filter_map(|name| name.strip_prefix(&cpu)).collect();
    let cpu_us = processes
        .into_iter()
        .filter_map(|process| Some((process.to_owned(), median(&values(&format!("{cpu}{process}")))?)));
    let met = match row.goal {
        Goal::None => None,
        Goal::Ratio(least) => ratio.map(|ratio| ratio >= least),
        Goal::MostRatio(most) => ratio.map(|ratio| ratio <= most),
        Goal::Below(most) => Some(value < most),
        // Each round counts: a median would hide the one that went wrong.
        Goal::Zero => Some(own.iter().all(|value| *value == 0.0)),
    };
    Some(RowResult {
        name: row.name,
        what: row.what,
        unit: row.unit,
        median: value,
        lowest: own.iter().copied().fold(f64::INFINITY, f64::min),
        highest: own.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        p50_ms: detail("p50_ms"),
        p99_ms: detail("p99_ms"),
        errors: values(&format!("{}/errors", row.name)).into_iter().reduce(f64::max),
        cpu_us: cpu_us.collect(),
        of: row.of,
        ratio,
        goal: row.goal.in_words(),
        met,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(figures: &[(&str, f64)]) -> Figures {
        let mut round = Figures::default();
        for (name, value) in figures {
            round.set(*name, *value);
        }
        round
    }

    #[test]
    fn a_ratio_is_the_median_of_the_rounds_own() {
        let row = Row { name: "a", what: "", unit: "/s", of: Some("b"), goal: Goal::Ratio(0.5) };
        // The machine was three times as fast in the last round, for both of them.
        let rounds = [
            round(&[("a", 50.0), ("b", 100.0)]),
            round(&[("a", 55.0), ("b", 100.0), ("a/cpu_us/x", 7.0)]),
            round(&[("a", 180.0), ("b", 300.0)]),
        ];
        let result = row_result(&row, &rounds).unwrap();
        assert_eq!((result.median, result.ratio, result.met), (55.0, Some(0.55), Some(true)));
        assert_eq!((result.lowest, result.highest), (50.0, 180.0));
        assert_eq!(result.cpu_us, BTreeMap::from([("x".to_owned(), 7.0)]));
    }

    #[test]
    fn what_was_not_measured_is_left_out_and_without_its_limit_nothing_is_judged() {
        let row = Row { name: "a", what: "", unit: "/s", of: Some("b"), goal: Goal::Ratio(0.5) };
        assert!(row_result(&row, &[round(&[("b", 1.0)])]).is_none());
        let result = row_result(&row, &[round(&[("a", 1.0)])]).unwrap();
        assert_eq!((result.ratio, result.met), (None, None));
    }

    #[test]
    fn one_round_with_an_error_is_an_error() {
        let row = Row { name: "a", what: "", unit: "", of: None, goal: Goal::Zero };
        let rounds = [round(&[("a", 0.0)]), round(&[("a", 0.0)]), round(&[("a", 2.0)])];
        assert_eq!(row_result(&row, &rounds).unwrap().met, Some(false));
    }

    #[test]
    fn every_limit_that_a_row_names_is_a_row() {
        for rows in [ROWS, PEERS] {
            for row in rows {
                assert!(row.of.is_none_or(|of| rows.iter().any(|other| other.name == of)), "{}", row.name);
            }
        }
    }
}
