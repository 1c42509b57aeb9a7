//! The terminal while `top` has it: taken on opening, given back on dropping, whatever happens in between.

use std::io;

use ratatui::{
    DefaultTerminal,
    crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers},
    style::Style,
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};

use super::view::View;

pub(super) struct Screen {
    terminal: DefaultTerminal,
    coloured: bool,
    events: UnboundedReceiver<Event>,
    terminate: Signal,
    hang_up: Signal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Quit,
    Pause,
    /// Also another size of the terminal: what follows is drawn anew in any case.
    Other,
}

impl Screen {
    pub(super) fn open(coloured: bool) -> io::Result<Self> {
        let (terminate, hang_up) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
        let terminal = ratatui::try_init()?;
        let (sender, events) = unbounded_channel();
        // Reading a key blocks, and goes on to the end of the process.
        std::thread::spawn(move || {
            while let Ok(event) = event::read() {
                if sender.send(event).is_err() {
                    return;
                }
            }
        });
        Ok(Self { terminal, coloured, events, terminate, hang_up })
    }

    pub(super) fn draw(&mut self, view: &View<'_>) -> io::Result<()> {
        let coloured = self.coloured;
        self.terminal.draw(|frame| {
            let area = frame.area();
            frame.render_widget(view, area);
            if !coloured {
                frame.buffer_mut().set_style(area, Style::reset());
            }
        })?;
        Ok(())
    }

    /// The next thing that the user does. A terminal that is gone, and a signal to end, are the wish to quit.
    pub(super) async fn key(&mut self) -> Key {
        tokio::select! {
            event = self.events.recv() => event.map_or(Key::Quit, |event| meaning(&event)),
            _ = self.terminate.recv() => Key::Quit,
            _ = self.hang_up.recv() => Key::Quit,
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // There is nothing to be done about a terminal that does not listen.
        let _ = ratatui::try_restore();
    }
}

fn meaning(event: &Event) -> Key {
    let Event::Key(KeyEvent { code, modifiers, kind: KeyEventKind::Press, .. }) = event else {
        return Key::Other;
    };
    match code {
        KeyCode::Char('c' | 'd') if modifiers.contains(KeyModifiers::CONTROL) => Key::Quit,
        KeyCode::Char('q' | 'Q') | KeyCode::Esc => Key::Quit,
        KeyCode::Char('p' | ' ') => Key::Pause,
        _ => Key::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_mean_what_is_said_of_them() {
        let key = |code, modifiers| meaning(&Event::Key(KeyEvent::new(code, modifiers)));
        for quit in [KeyCode::Char('q'), KeyCode::Esc] {
            assert_eq!(key(quit, KeyModifiers::NONE), Key::Quit);
        }
        assert_eq!(key(KeyCode::Char('c'), KeyModifiers::CONTROL), Key::Quit);
        assert_eq!(key(KeyCode::Char('c'), KeyModifiers::NONE), Key::Other);
        assert_eq!(key(KeyCode::Char('p'), KeyModifiers::NONE), Key::Pause);
        assert_eq!(meaning(&Event::Resize(10, 10)), Key::Other);
    }
}
