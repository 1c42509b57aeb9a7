//! What a process costs, printed past the test runner's capture. Not asserted: tests run in a debug build on
//! a machine that does other things.

use std::io::Write;

/// Resident memory in MB, where the system says so in `/proc`.
pub fn resident_mb(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes / 1_024)
}

pub fn print(line: &str) {
    let _ = writeln!(std::io::stderr(), "    {line}");
}
