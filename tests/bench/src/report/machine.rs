//! Where it was measured.

use std::{process::Command, thread};

use serde::Serialize;

use crate::host;

#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(super) cores: usize,
    pub(super) system: String,
    pub(super) redis: String,
    pub(super) wrk: String,
    /// Programs that wanted to run before anything was measured.
    pub(crate) load_average: Option<f64>,
    /// These figures are not from a release build, and mean little.
    pub(super) debug_build: bool,
}

impl Machine {
    pub(crate) fn look() -> Self {
        let system = rustix::system::uname();
        Self {
            cores: thread::available_parallelism().map_or(1, Into::into),
            system: format!("{} {}", system.sysname().to_string_lossy(), system.release().to_string_lossy()),
            redis: first_line("redis-server", "--version"),
            wrk: first_line("wrk", "--version"),
            load_average: host::load_average(),
            debug_build: cfg!(debug_assertions),
        }
    }
}

pub(crate) fn first_line(program: &str, argument: &str) -> String {
    let Ok(output) = Command::new(program).arg(argument).output() else { return "missing".to_owned() };
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().unwrap_or_default().to_owned()
}
