//! Keeping one program running: start it, start it again when it ends, give up when it can't live.

use std::{
    fmt,
    process::ExitStatus,
    time::{Duration, Instant},
};

use runtime::lifecycle::Shutdown;
use tokio::process::Command;

use super::{child::Child, console::Console, guard::Guard, tail::Tail};

/// A program that ends sooner than this after its start has not really lived.
const FIRST_SECONDS: Duration = Duration::from_secs(5);
/// Ending that soon this often in a row means that trying again won't help.
const STRIKES: u32 = 5;
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// What to run, and how long it may take to end.
pub(super) struct Program {
    pub(super) name: &'static str,
    pub(super) command: Box<dyn Fn() -> Command + Send + Sync>,
    pub(super) patience: Duration,
    /// What a user can do when it can't be kept running.
    pub(super) advice: String,
}

/// A program can't be kept running.
#[derive(Debug)]
pub(super) struct GaveUp(String);

impl GaveUp {
    pub(super) fn broken(cause: &dyn fmt::Display) -> Self {
        Self(format!("orderctl itself failed: {cause}"))
    }
}

impl fmt::Display for GaveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for GaveUp {}

/// What all programs share.
#[derive(Clone)]
pub(super) struct Supervisor {
    console: Console,
    guard: Guard,
    /// The user's wish: nothing is started again once it drains.
    shutdown: Shutdown,
}

impl Supervisor {
    pub(super) const fn new(console: Console, guard: Guard, shutdown: Shutdown) -> Self {
        Self { console, guard, shutdown }
    }

    /// Runs the program until `stop` drains, then ends it. A user who loses patience aborts it in any case.
    pub(super) async fn keep_running(self, program: Program, stop: Shutdown) -> Result<(), GaveUp> {
        let impatient = {
            let (shutdown, stop) = (self.shutdown.clone(), stop.clone());
            tokio::spawn(async move {
                shutdown.aborting().cancelled().await;
                stop.abort();
            })
        };
        let outcome = self.run(&program, &stop).await;
        impatient.abort();
        outcome
    }

    async fn run(&self, program: &Program, stop: &Shutdown) -> Result<(), GaveUp> {
        let (name, tail) = (program.name, Tail::default());
        let mut strikes = 0;
        while !stop.is_draining() {
            let started = Instant::now();
            let child = Child::start((program.command)(), name, &self.console, &tail, self.guard.clone());
            let mut child = child.map_err(|error| GaveUp(format!("can't start {name}: {error}")))?;
            let ended = tokio::select! {
                // In this order: a program that ends because all is being stopped has not died.
                biased;
                () = stop.draining().cancelled_owned() => None,
                status = child.ended() => Some(status.map_or_else(|error| error.to_string(), in_words)),
            };
            let Some(ended) = ended else {
                self.end(child, program, stop).await;
                return Ok(());
            };
            strikes = if started.elapsed() < FIRST_SECONDS { strikes + 1 } else { 0 };
            if strikes == STRIKES {
                return Err(GaveUp(format!(
                    "{name} ended {STRIKES} times within seconds of its start (last: {ended}). Its last lines:\n\
                     {}{}",
                    tail.text(),
                    program.advice,
                )));
            }
            let pause = SHORTEST_PAUSE.saturating_mul(1 << strikes).min(LONGEST_PAUSE);
            self.console
                .say(&format!("{name} ended ({ended}); starting it again in {} ms", pause.as_millis()));
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.draining().cancelled_owned() => {}
            }
        }
        Ok(())
    }

    async fn end(&self, child: Child, program: &Program, stop: &Shutdown) {
        if !child.stop(program.patience, stop).await {
            self.console.say(&format!("{} did not end by itself and was killed", program.name));
        }
    }

    /// When all programs have ended.
    pub(super) async fn finish(&self) {
        let guard = self.guard.clone();
        let _ = tokio::task::spawn_blocking(move || guard.finish()).await;
    }
}

fn in_words(status: ExitStatus) -> String {
    status.to_string()
}
