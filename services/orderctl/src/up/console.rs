//! Everything that is shown. A thread of its own writes, because a terminal can stop taking (Ctrl-S, a pager,
//! a slow link) and a service whose log nobody reads would stop with it: log lines that can't be shown in time are
//! counted and dropped; the supervisor's own words are not. Nothing here fails: the terminal may be gone.

use std::{
    io::{self, IsTerminal, Write},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

/// Log lines that may wait to be shown.
const WAITING: usize = 4_096;
/// How long the last lines may take to be shown when everything else has ended.
const LAST_LINES: Duration = Duration::from_secs(2);
const NAME_WIDTH: usize = "order-processor".len();
const OWN_NAME: &str = "orderctl";

#[derive(Clone)]
pub(super) struct Console {
    lines: Sender<Line>,
    waiting: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
    coloured: bool,
    terminal: bool,
}

enum Line {
    Log(String),
    Own(String),
    Last { error: Option<String>, shown: Sender<()> },
}

impl Console {
    pub(super) fn open() -> Self {
        let (sender, receiver) = channel();
        let terminal = io::stdout().is_terminal();
        let console = Self {
            lines: sender,
            waiting: Arc::default(),
            dropped: Arc::default(),
            coloured: terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
            terminal,
        };
        let (waiting, dropped) = (console.waiting.clone(), console.dropped.clone());
        std::thread::spawn(move || show(&receiver, &waiting, &dropped));
        console
    }

    /// Whether a person is watching.
    pub(super) const fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// A line of a program's log.
    pub(super) fn log(&self, name: &str, text: &str) {
        if self.waiting.load(Ordering::Relaxed) >= WAITING {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.send(Line::Log(prefixed(name, text, self.coloured)));
    }

    /// Something that the supervisor has to say.
    pub(super) fn say(&self, text: &str) {
        self.send(Line::Own(prefixed(OWN_NAME, text, self.coloured)));
    }

    /// Text as it is.
    pub(super) fn print(&self, text: &str) {
        self.send(Line::Own(text.to_owned()));
    }

    /// Shows what is left, then the error if there is one, and waits for that within reason.
    pub(super) fn close(self, error: Option<String>) {
        let (shown, done) = channel();
        self.send(Line::Last { error, shown });
        let _ = done.recv_timeout(LAST_LINES);
    }

    fn send(&self, line: Line) {
        let _ = self.lines.send(line);
    }
}

fn show(lines: &Receiver<Line>, waiting: &AtomicUsize, dropped: &AtomicUsize) {
    let mut out = io::stdout();
    while let Ok(line) = lines.recv() {
        let text = match line {
            Line::Log(text) => {
                waiting.fetch_sub(1, Ordering::Relaxed);
                text
            }
            Line::Own(text) => text,
            Line::Last { error, shown } => {
                if let Some(error) = error {
                    let _ = writeln!(io::stderr(), "{error}");
                }
                let _ = shown.send(());
                return;
            }
        };
        let _ = writeln!(out, "{text}");
        match dropped.swap(0, Ordering::Relaxed) {
            0 => {}
            lines => {
                let _ =
                    writeln!(out, "({lines} lines of log not shown: they came faster than they could be)");
            }
        }
    }
}

fn prefixed(name: &str, text: &str, coloured: bool) -> String {
    if coloured {
        format!("\x1b[{}m{name:<NAME_WIDTH$} |\x1b[0m {text}", colour(name))
    } else {
        format!("{name:<NAME_WIDTH$} | {text}")
    }
}

fn colour(name: &str) -> &'static str {
    match name {
        "order-api" => "36",
        "order-processor" => "35",
        "metrics-service" => "33",
        "redis" => "31",
        _ => "1;32",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_line_up_and_colour_is_only_for_terminals() {
        assert_eq!(prefixed("redis", "ready", false), "redis           | ready");
        assert_eq!(prefixed("redis", "ready", true), "\x1b[31mredis           |\x1b[0m ready");
    }

    #[test]
    fn a_log_that_nobody_reads_is_dropped_and_own_words_are_not() {
        let (lines, receiver) = channel();
        let console = Console {
            lines,
            waiting: Arc::default(),
            dropped: Arc::default(),
            coloured: false,
            terminal: false,
        };
        for n in 0..=WAITING {
            console.log("order-api", &n.to_string());
        }
        console.say("stopping");
        assert_eq!(console.dropped.load(Ordering::Relaxed), 1);
        assert_eq!(receiver.try_iter().count(), WAITING + 1);
    }
}
