//! What the numbers of a reading look like, a line for each.

use contract::Status;
use ratatui::{
    style::{Color, Modifier, Style},
    text::{Line, Span},
};

use crate::{
    client::model::{Queue, Spread, Stats, Worker},
    commands::queue::GONE_AFTER_SECS,
    output::{safe, table::cut, words},
};

pub(super) const FAINT: Style = Style::new().fg(Color::DarkGray);
pub(super) const NUMBER: Style = Style::new().add_modifier(Modifier::BOLD);
pub(super) const GOOD: Style = Style::new().fg(Color::Green);
pub(super) const BAD: Style = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
pub(super) const WAITING: Style = Style::new().fg(Color::Yellow);
pub(super) const MOVING: Style = Style::new().fg(Color::Cyan);

pub(super) fn named(name: &str, value: String, style: Style) -> Line<'static> {
    Line::from(vec![Span::styled(format!(" {name:<12}"), FAINT), Span::styled(value, style)])
}

pub(super) fn queue_lines(queue: &Queue, stats: Option<&Stats>) -> Vec<Line<'static>> {
    let number = |name: &str, number: u64, style: Style| {
        let style = if number == 0 { NUMBER } else { style };
        named(name, format!("{:>9}", words::count(number)), style)
    };
    let mut waiting = number("waiting", queue.queue_length, WAITING);
    if let Some(seconds) = queue.oldest_waiting_seconds.filter(|_| queue.queue_length > 0) {
        waiting.push_span(Span::styled(format!("  {}", words::short(seconds)), FAINT));
    }
    let mut lines = vec![
        waiting,
        number("in progress", queue.in_progress, MOVING),
        number("delayed", queue.delayed, WAITING),
        number("unpublished", queue.unpublished, WAITING),
        number("dead", queue.dead, BAD),
    ];
    if let Some(stats) = stats {
        let behind =
            stats.partitions.iter().map(|partition| partition.undelivered + partition.unacknowledged).sum();
        lines.push(number("uncounted", behind, WAITING));
    }
    lines
}

pub(super) fn order_lines(stats: &Stats) -> Vec<Line<'static>> {
    let style = |status| match status {
        Status::Pending => WAITING,
        Status::Processing => MOVING,
        Status::Completed => GOOD,
        Status::Failed => BAD,
        Status::Cancelled => NUMBER,
    };
    let line = |status: Status| {
        let number = stats.order_status_counts.of(status);
        let style = if number == 0 { NUMBER } else { style(status) };
        named(status.as_str(), format!("{:>13}", words::count(number)), style)
    };
    Status::ALL.into_iter().map(line).collect()
}

pub(super) fn latency_lines(stats: &Stats) -> Vec<Line<'static>> {
    let row = |name: &str, texts: [String; 4], style| {
        let cells = texts.map(|text| format!("{text:>8}")).concat();
        Line::from(vec![Span::styled(format!(" {name:<11}"), FAINT), Span::styled(cells, style)])
    };
    let spread = |name: &str, spread: &Spread| {
        let texts = [spread.p50_seconds, spread.p95_seconds, spread.p99_seconds, spread.max_seconds];
        row(name, texts.map(words::short), NUMBER)
    };
    vec![
        row("", ["p50", "p95", "p99", "longest"].map(str::to_owned), FAINT),
        spread("waiting", &stats.durations.waiting),
        spread("processing", &stats.durations.processing),
        spread("end to end", &stats.durations.end_to_end),
    ]
}

/// As many as there is room for; those with the most in hand first.
pub(super) fn worker_lines(workers: &[Worker], room: u16) -> Vec<Line<'static>> {
    let mut workers: Vec<&Worker> = workers.iter().collect();
    workers.sort_by(|a, b| b.in_progress.cmp(&a.in_progress).then_with(|| a.name.cmp(&b.name)));
    let (room, all) = (usize::from(room), workers.len());
    let shown = if all > room { room.saturating_sub(1) } else { all };
    let mut lines: Vec<Line<'static>> = workers[..shown].iter().map(|worker| worker_line(worker)).collect();
    if shown < all {
        lines.push(Line::styled(format!(" and {} more", all - shown), FAINT));
    }
    lines
}

fn worker_line(worker: &Worker) -> Line<'static> {
    let gone = worker.idle_seconds > GONE_AFTER_SECS;
    Line::from(vec![
        Span::raw(format!(" {:<28}", cut(&safe(&worker.name), 28))),
        Span::styled(
            format!("{:>7} in progress", words::count(worker.in_progress)),
            if worker.in_progress == 0 { FAINT } else { MOVING },
        ),
        Span::styled(
            format!("   seen {} ago", words::seconds(worker.idle_seconds)),
            if gone { BAD } else { FAINT },
        ),
    ])
}

pub(super) fn rate_words(rate: f64) -> String {
    if rate < 100.0 { format!("{rate:.1}") } else { words::count(rate.round() as u64) }
}
