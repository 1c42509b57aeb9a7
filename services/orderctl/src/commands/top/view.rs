//! A frame. In a terminal that is too small for all of it, what matters most is left: a line for each number.

use contract::Status;
use ratatui::{
    buffer::Buffer,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span},
    widgets::{Block, BorderType, Paragraph, Sparkline, Widget},
};

use super::{history::History, reading::Reading};
use crate::{
    client::model::{Queue, Spread, Stats, Worker},
    commands::queue::GONE_AFTER_SECS,
    output::{safe, table::cut, words},
};

/// Below this there is no room for boxes.
const LEAST_WIDTH: u16 = 64;
const LEAST_HEIGHT: u16 = 20;

const FAINT: Style = Style::new().fg(Color::DarkGray);
const NUMBER: Style = Style::new().add_modifier(Modifier::BOLD);
const GOOD: Style = Style::new().fg(Color::Green);
const BAD: Style = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
const WAITING: Style = Style::new().fg(Color::Yellow);
const MOVING: Style = Style::new().fg(Color::Cyan);

pub(super) struct View<'a> {
    pub(super) history: &'a History,
    pub(super) order_api: &'a str,
    pub(super) paused: bool,
    /// Whether there are keys to press.
    pub(super) keys: bool,
}

impl Widget for View<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        (&self).render(area, buffer);
    }
}

impl Widget for &View<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let Some(reading) = &self.history.newest else {
            Paragraph::new(format!("asking {}", safe(self.order_api))).render(area, buffer);
            return;
        };
        let problems = problems(reading, area.width);
        let [title, said, body, footer] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(problems.len() as u16),
            Constraint::Min(0),
            Constraint::Length(u16::from(self.keys && area.height > 4)),
        ])
        .areas(area);
        self.title(reading).render(title, buffer);
        Paragraph::new(problems).render(said, buffer);
        if body.width < LEAST_WIDTH || body.height + 2 < LEAST_HEIGHT {
            Paragraph::new(self.small(reading)).render(body, buffer);
        } else {
            self.boxes(reading, body, buffer);
        }
        Line::styled(" q quits · p stops and goes on", FAINT).render(footer, buffer);
    }
}

impl View<'_> {
    fn title(&self, reading: &Reading) -> Line<'static> {
        let mut spans = vec![
            Span::styled(" orderctl top", NUMBER),
            Span::styled(
                format!("  {}  {} UTC", safe(self.order_api), words::date_time(reading.time)),
                FAINT,
            ),
        ];
        if self.paused {
            spans.push(Span::styled("  stopped", WAITING));
        }
        if reading.stats.as_ref().is_some_and(|stats| stats.rebuilding) {
            spans.push(Span::styled("  numbers are being rebuilt", WAITING));
        }
        Line::from(spans)
    }

    fn boxes(&self, reading: &Reading, area: Rect, buffer: &mut Buffer) {
        let [upper, middle, lower] =
            Layout::vertical([Constraint::Length(8), Constraint::Length(7), Constraint::Min(3)]).areas(area);
        let [rates, queue] = Layout::horizontal([Constraint::Min(30), Constraint::Length(34)]).areas(upper);
        let [latency, orders] =
            Layout::horizontal([Constraint::Min(30), Constraint::Length(34)]).areas(middle);
        self.rates(rates, buffer);
        let lines = reading.queue.as_ref().map(|queue| queue_lines(queue, reading.stats.as_ref()));
        boxed("queue", lines.unwrap_or_default(), queue, buffer);
        let lines = reading.stats.as_ref().map(latency_lines).unwrap_or_default();
        boxed("how long it takes, over all orders", lines, latency, buffer);
        let lines = reading.stats.as_ref().map(order_lines).unwrap_or_default();
        boxed("orders", lines, orders, buffer);
        let workers = reading.queue.as_ref().map(|queue| queue.workers.as_slice()).unwrap_or_default();
        let lines = worker_lines(workers, lower.height.saturating_sub(2));
        boxed(&format!("workers: {}", workers.len()), lines, lower, buffer);
    }

    fn rates(&self, area: Rect, buffer: &mut Buffer) {
        let block = bordered("orders per second");
        let inside = block.inner(area);
        block.render(area, buffer);
        let halves = Layout::vertical([Constraint::Length(3), Constraint::Length(3)]).areas::<2>(inside);
        let both = [("accepted", &self.history.accepted, MOVING), ("finished", &self.history.finished, GOOD)];
        // One scale, so that the two can be compared.
        let scaled = |rate: &f64| (rate * 10.0).round() as u64;
        let top = both.iter().flat_map(|(_, rates, _)| rates.iter().map(scaled)).max().unwrap_or(0);
        for ((name, rates, style), area) in both.into_iter().zip(halves) {
            let [words, bars] =
                Layout::horizontal([Constraint::Length(11), Constraint::Min(0)]).areas::<2>(area);
            let now = rates.back().map_or_else(|| "-".to_owned(), |rate| rate_words(*rate));
            Paragraph::new(vec![
                Line::styled(format!(" {name}"), FAINT),
                Line::styled(format!(" {now}"), style.add_modifier(Modifier::BOLD)),
            ])
            .render(words, buffer);
            let from = rates.len().saturating_sub(usize::from(bars.width));
            let data: Vec<u64> = rates.iter().skip(from).map(scaled).collect();
            // The newest is at the right edge, as in every chart of time.
            let width = (data.len() as u16).min(bars.width);
            let bars = Rect { x: bars.right() - width, width, ..bars };
            Sparkline::default().data(&data).max(top.max(1)).style(style).render(bars, buffer);
        }
    }

    /// A line for each number, the most telling first.
    fn small(&self, reading: &Reading) -> Vec<Line<'static>> {
        let mut lines = Vec::new();
        let rate = |rates: &std::collections::VecDeque<f64>| {
            rates.back().map_or("-".to_owned(), |rate| rate_words(*rate))
        };
        lines.push(Line::from(vec![
            Span::styled(" accepted ", FAINT),
            Span::styled(rate(&self.history.accepted), MOVING),
            Span::styled("/s  finished ", FAINT),
            Span::styled(rate(&self.history.finished), GOOD),
            Span::styled("/s", FAINT),
        ]));
        if let Some(queue) = &reading.queue {
            lines.extend(queue_lines(queue, None));
            lines.push(named("workers", words::count(queue.workers.len() as u64), NUMBER));
        }
        if let Some(stats) = &reading.stats {
            let spread = stats.durations.end_to_end;
            lines.push(named(
                "p50, p99",
                format!("{}, {}", words::seconds(spread.p50_seconds), words::seconds(spread.p99_seconds)),
                NUMBER,
            ));
            lines.extend(order_lines(stats));
        }
        lines
    }
}

fn problems(reading: &Reading, width: u16) -> Vec<Line<'static>> {
    let line = |problem: &String| {
        Line::styled(format!(" {}", cut(&safe(problem), usize::from(width.saturating_sub(2)))), BAD)
    };
    reading.problems.iter().map(line).collect()
}

fn bordered(title: &str) -> Block<'_> {
    Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(FAINT)
        .title(Line::from(format!(" {title} ")))
}

fn boxed(title: &str, lines: Vec<Line<'_>>, area: Rect, buffer: &mut Buffer) {
    Paragraph::new(lines).block(bordered(title)).render(area, buffer);
}

fn named(name: &str, value: String, style: Style) -> Line<'static> {
    Line::from(vec![Span::styled(format!(" {name:<12}"), FAINT), Span::styled(value, style)])
}

fn queue_lines(queue: &Queue, stats: Option<&Stats>) -> Vec<Line<'static>> {
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

fn order_lines(stats: &Stats) -> Vec<Line<'static>> {
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

fn latency_lines(stats: &Stats) -> Vec<Line<'static>> {
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
fn worker_lines(workers: &[Worker], room: u16) -> Vec<Line<'static>> {
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

fn rate_words(rate: f64) -> String {
    if rate < 100.0 { format!("{rate:.1}") } else { words::count(rate.round() as u64) }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            picture::{frame, recorded},
            text_of,
        },
        *,
    };

    #[test]
    fn a_frame_of_a_busy_system() {
        let text = text_of(&frame(&recorded(), 100, 22));
        assert_eq!(text, include_str!("frame.txt"), "\n{text}");
    }

    #[test]
    fn a_small_terminal_has_the_numbers() {
        let text = text_of(&frame(&recorded(), 40, 10));
        for there in ["accepted", "waiting", "in progress", "dead", "q quits"] {
            assert!(text.contains(there), "{there} is not in\n{text}");
        }
        assert!(!text.contains('╭'), "{text}");
    }

    #[test]
    fn no_size_is_too_small() {
        for (width, height) in [(1, 1), (1, 50), (200, 1), (64, 20), (63, 20), (64, 5), (300, 100)] {
            frame(&recorded(), width, height);
            frame(&History::default(), width, height);
        }
    }

    #[test]
    fn what_does_not_answer_is_said_and_the_rest_is_shown() {
        let mut history = recorded();
        let reading = history.newest.as_mut().unwrap();
        reading.stats = None;
        reading.problems = vec!["metrics-service does not answer\u{1b}[2J".to_owned()];
        let text = text_of(&frame(&history, 100, 22));
        assert!(text.contains("metrics-service does not answer\\u{1b}[2J"), "{text}");
        assert!(text.contains("in progress"), "{text}");
    }

    #[test]
    fn hostile_names_of_workers_do_nothing_and_many_are_counted() {
        let mut history = recorded();
        let queue = history.newest.as_mut().unwrap().queue.as_mut().unwrap();
        let worker = |number: u64| Worker {
            name: format!("w{number}\u{1b}[31m"),
            in_progress: number,
            idle_seconds: 99.0,
        };
        queue.workers = (0..50).map(worker).collect();
        let text = text_of(&frame(&history, 100, 22));
        assert!(text.contains("w49\\u{1b}[31m") && text.contains("workers: 50"), "{text}");
        assert!(text.contains("more"), "{text}");
    }
}
