//! `orderctl top`: a running system at a glance, read anew every second from order-api's queue and metrics-service's numbers.

mod history;
mod lines;
#[cfg(test)]
mod picture;
mod reading;
mod screen;
mod view;

use std::time::Duration;

use clap::Args;
use ratatui::{buffer::Buffer, layout::Rect, widgets::Widget};
use runtime::redact::redact_url;

use self::{history::History, reading::Reading, screen::Screen, view::View};
use super::Context;
use crate::exit::Failure;

/// Of a frame that is printed rather than shown.
const PRINTED_WIDTH: u16 = 100;
const PRINTED_HEIGHT: u16 = 24;
/// Between the two readings that a single frame needs to know a rate.
const BETWEEN: Duration = Duration::from_secs(1);

/// Watch a running system: rates, queue, latency, workers
///
/// q ends it, p stops and goes on. Without a terminal, and with --once, it prints one frame. With --json, and without --once, it
/// prints a line for each reading, without end.
#[derive(Debug, Args)]
pub(crate) struct Top {
    /// Print one frame and end
    #[arg(long)]
    once: bool,

    /// Seconds between two readings
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    interval: u64,
}

impl Top {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let interval = Duration::from_secs(self.interval);
        match (context.out.json, self.once || !context.out.terminal) {
            (true, _) if self.once => Ok(context.out.document(&reading::complete(context).await?)?),
            (true, _) => lines(context, interval).await,
            (false, true) => print(context).await,
            (false, false) => screen(context, interval).await,
        }
    }
}

async fn lines(context: &Context, interval: Duration) -> Result<(), Failure> {
    let mut ticks = tokio::time::interval(interval);
    loop {
        ticks.tick().await;
        context.out.json_line(&reading::take(context).await)?;
    }
}

async fn print(context: &Context) -> Result<(), Failure> {
    let mut history = History::default();
    history.add(reading::complete(context).await?);
    tokio::time::sleep(BETWEEN).await;
    history.add(reading::complete(context).await?);
    let (width, height) = if context.out.terminal {
        ratatui::crossterm::terminal::size().unwrap_or((PRINTED_WIDTH, PRINTED_HEIGHT))
    } else {
        (PRINTED_WIDTH, PRINTED_HEIGHT)
    };
    // The shell's prompt comes below it.
    let area = Rect::new(0, 0, width, height.saturating_sub(1).max(1));
    let mut buffer = Buffer::empty(area);
    let order_api = redact_url(context.client.order_api());
    View { history: &history, order_api: &order_api, paused: false, keys: false }.render(area, &mut buffer);
    Ok(context.out.line(text_of(&buffer).trim_end())?)
}

async fn screen(context: &Context, interval: Duration) -> Result<(), Failure> {
    let order_api = redact_url(context.client.order_api());
    let mut screen = Screen::open(context.out.coloured)?;
    let mut history = History::default();
    let mut paused = false;
    // Goes on whatever key is pressed meanwhile.
    let mut next = Box::pin(reading_after(context, Duration::ZERO));
    loop {
        screen.draw(&View { history: &history, order_api: &order_api, paused, keys: true })?;
        tokio::select! {
            reading = &mut next => {
                if !paused {
                    history.add(reading);
                }
                next = Box::pin(reading_after(context, interval));
            }
            key = screen.key() => match key {
                screen::Key::Quit => return Ok(()),
                screen::Key::Pause => paused = !paused,
                screen::Key::Other => {}
            },
        }
    }
}

async fn reading_after(context: &Context, pause: Duration) -> Reading {
    tokio::time::sleep(pause).await;
    reading::take(context).await
}

/// The characters of a frame, a line for each row.
fn text_of(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width).max(1);
    let rows = buffer.content.chunks(width).map(|row| {
        let line: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        line.trim_end().to_owned() + "\n"
    });
    rows.collect()
}
