//! What the user's signals mean: the first asks to stop (services finish what they have in hand), a second
//! one kills at once.

use std::{
    io,
    time::{Duration, Instant},
};

use runtime::lifecycle::Shutdown;
use tokio::signal::unix::{SignalKind, signal};

use super::console::Console;

/// One key press can arrive twice: from the terminal and passed on by `make`, or as two hang-ups from a
/// terminal that closes. What follows the first this closely belongs to it.
const SAME_PRESS: Duration = Duration::from_millis(700);

/// Follows SIGINT, SIGTERM and SIGHUP from now on.
pub(super) fn follow(console: Console) -> io::Result<Shutdown> {
    let shutdown = Shutdown::manual();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let followed = shutdown.clone();
    tokio::spawn(async move {
        let mut first: Option<Instant> = None;
        loop {
            let closes_terminal = tokio::select! {
                _ = interrupt.recv() => false,
                _ = terminate.recv() => false,
                _ = hang_up.recv() => true,
            };
            match first {
                None => {
                    first = Some(Instant::now());
                    console.say("stopping: what is in hand is finished first (Ctrl-C again kills at once)");
                    followed.drain();
                }
                Some(first) if !closes_terminal && first.elapsed() > SAME_PRESS => {
                    console.say("killing everything at once; what was in hand comes back at the next start");
                    followed.abort();
                }
                Some(_) => {}
            }
        }
    });
    Ok(shutdown)
}
