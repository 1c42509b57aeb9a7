//! How things look: tables, words and colours for a person at a terminal, JSON for a program. Results go to the standard
//! output; what else there is to say, and progress, to the standard error.

pub(crate) mod safe;
pub(crate) mod style;
pub(crate) mod table;
pub(crate) mod words;

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

pub(crate) use self::{
    safe::{safe, safe_json, safe_lines},
    style::Style,
    table::{Cell, Column, Table},
};

/// Whom we write for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Out {
    pub(crate) json: bool,
    pub(crate) terminal: bool,
    pub(crate) coloured: bool,
}

impl Out {
    pub(crate) fn open(json: bool) -> Self {
        let terminal = io::stdout().is_terminal();
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { json, terminal, coloured: terminal && !no_colour }
    }

    /// A line that is safe to show: the caller has seen to that.
    #[expect(clippy::unused_self, reason = "whether it depends on whom we write for, no caller has to know")]
    pub(crate) fn line(self, text: &str) -> io::Result<()> {
        writeln!(io::stdout().lock(), "{text}")
    }

    /// The document, on lines of its own, indented.
    pub(crate) fn document(self, value: &impl Serialize) -> io::Result<()> {
        self.line(&safe_json(serde_json::to_string_pretty(value)?))
    }

    /// One document on one line.
    #[expect(clippy::unused_self, reason = "whether it depends on whom we write for, no caller has to know")]
    pub(crate) fn json_line(self, value: &impl Serialize) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{}", safe_json(serde_json::to_string(value)?))?;
        stdout.flush()
    }

    pub(crate) fn table(self, table: &Table) -> io::Result<()> {
        self.page(table, true)
    }

    /// One page of a table; the head is on the first.
    pub(crate) fn page(self, table: &Table, first: bool) -> io::Result<()> {
        let text = table.render(first, self.width(), self.coloured);
        io::stdout().lock().write_all(text.as_bytes())
    }

    pub(crate) fn paint(self, style: Style, text: &str) -> String {
        if self.coloured { style.paint(text) } else { text.to_owned() }
    }

    fn width(self) -> Option<usize> {
        let size = self.terminal.then(ratatui::crossterm::terminal::size)?;
        size.ok().map(|(columns, _)| usize::from(columns)).filter(|columns| *columns > 0)
    }
}

/// Something to say that is not the result. The terminal may be gone, and nobody is told then.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Whether a person can be asked, and sees progress.
pub(crate) fn person_is_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// A bar of so many steps, for a person.
pub(crate) fn bar(what: &str, steps: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(steps).with_message(what.to_owned());
    styled(bar, "{msg} {bar:40} {human_pos}/{human_len} ({per_sec}, {eta} left)")
}

/// For work whose length nobody knows.
pub(crate) fn spinner(what: &str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let spinner =
        styled(ProgressBar::new_spinner().with_message(what.to_owned()), "{spinner} {msg} {human_pos}");
    spinner.enable_steady_tick(Duration::from_millis(120));
    spinner
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
