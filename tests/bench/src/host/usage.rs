//! What a process uses, where the system says so in `/proc`.

use std::time::Duration;

use rustix::process::Pid;

use super::Process;
use crate::figures::Figures;

/// Resident memory in MB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) now: f64,
    pub(crate) peak: f64,
}

impl Memory {
    pub(crate) fn of(process: &Process) -> Option<Self> {
        let path = format!("/proc/{}/status", process.pid().as_raw_nonzero());
        let status = std::fs::read_to_string(path).ok()?;
        let kilobytes = |name: &str| -> Option<f64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().trim_end_matches(" kB").parse().ok()
        };
        Some(Self { now: kilobytes("VmRSS:")? / 1_024.0, peak: kilobytes("VmHWM:")? / 1_024.0 })
    }
}

/// Processor time of some processes between two moments. Unlike a rate it hardly depends on what else the machine does.
#[derive(Debug)]
pub(crate) struct CpuMeter(Vec<(&'static str, Pid, Duration)>);

impl CpuMeter {
    pub(crate) fn start<'a>(processes: impl IntoIterator<Item = &'a Process>) -> Self {
        let used = |process: &Process| Some((process.name(), process.pid(), used(process.pid())?));
        Self(processes.into_iter().filter_map(used).collect())
    }

    /// With this program itself, where it is the client.
    pub(crate) fn and_this(mut self) -> Self {
        let this = rustix::process::getpid();
        self.0.extend(used(this).map(|used| ("client", this, used)));
        self
    }

    /// Notes below `name` how many microseconds each has used for one of so many operations.
    pub(crate) fn note(&self, name: &str, operations: f64, figures: &mut Figures) {
        for (process, pid, before) in &self.0 {
            if let Some(after) = used(*pid).filter(|_| operations > 0.0) {
                let micros = after.saturating_sub(*before).as_secs_f64() * 1e6;
                figures.set(format!("{name}/cpu_us/{process}"), micros / operations);
            }
        }
    }
}

/// Time in user and in kernel mode of all threads.
fn used(pid: Pid) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    // The name, in parentheses, may hold anything; utime and stime are the 12th and 13th field after it.
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    let ticks = ticks.sum::<Result<u64, _>>().ok()?;
    Some(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_system_says_what_this_process_has_used() {
        assert!(used(rustix::process::getpid()).is_some());
    }
}
