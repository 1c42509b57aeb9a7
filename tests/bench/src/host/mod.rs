//! The programs under measurement: started in a folder of their own, looked at from outside, gone with their value.

mod folder;
mod ports;
mod process;
mod usage;

pub(crate) use self::{
    folder::Site,
    process::Process,
    usage::{CpuMeter, Memory},
};

/// A connection is an open file on both of its ends, and children inherit the limit.
///
/// # Errors
/// When there may not be as many as the largest load needs.
pub(crate) fn raise_open_files_limit(needed: u64) -> anyhow::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    if let Some(most) = limit.maximum.filter(|most| *most < needed) {
        anyhow::bail!(
            "{needed} open files are needed, and {most} are allowed (`ulimit -Hn`): raise that limit"
        );
    }
    Ok(())
}

/// How many programs wanted to run over the last minute, where the system says so.
pub(crate) fn load_average() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}
