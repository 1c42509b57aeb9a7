//! A frame. In a terminal that is too small for all of it, what matters most is left: a line for each number.

use ratatui::{
    buffer::Buffer,
    layout::{Constraint, Layout, Rect},
    style::Modifier,
    text::{Line, Span},
    widgets::{Block, BorderType, Paragraph, Sparkline, Widget},
};

use super::{
    history::History,
    lines::{
        BAD, FAINT, GOOD, MOVING, NUMBER, WAITING, latency_lines, named, order_lines, queue_lines,
        rate_words, worker_lines,
    },
    reading::Reading,
};
use crate::output::{safe, table::cut, words};

/// Below this there is no room for boxes.
const LEAST_WIDTH: u16 = 64;
const LEAST_HEIGHT: u16 = 20;

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

#[cfg(test)]
mod tests {
    use super::{
        super::{
            picture::{frame, recorded},
            text_of,
        },
        *,
    };
    use crate::client::model::Worker;

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
