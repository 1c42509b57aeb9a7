//! The guard: a second small process that knows which process groups `up` has started. Its standard input is
//! a pipe from `up`; when that closes while groups are still registered, `up` has been killed, and the guard
//! ends them: a Redis that nobody stops would write into the same files as the next one. Until then it holds the
//! folder's lock. If the guard itself is killed, only this protection is lost.

use std::{
    collections::BTreeSet,
    io::{self, BufRead},
    process::{ExitCode, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

use super::folder::Folder;

/// What is not gone this long after SIGTERM gets SIGKILL.
const PATIENCE: Duration = Duration::from_secs(10);

/// `up`'s end of the pipe. Clones share it.
#[derive(Clone)]
pub(super) struct Guard(Arc<Mutex<std::process::Child>>);

impl Guard {
    pub(super) fn start(folder: &Folder) -> io::Result<Self> {
        use std::os::unix::process::CommandExt;
        let process = std::process::Command::new(std::env::current_exe()?)
            .arg("guard")
            .stdin(Stdio::piped())
            // Standard output is not written to: it only keeps the lock.
            .stdout(Stdio::from(folder.share()?))
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Self(Arc::new(Mutex::new(process))))
    }

    /// A process group (named by its leader) has been started.
    pub(super) fn started(&self, leader: u32) {
        self.tell(&format!("+{leader}\n"));
    }

    /// Its leader has ended and been waited for: the number may now belong to somebody else.
    pub(super) fn ended(&self, leader: u32) {
        self.tell(&format!("-{leader}\n"));
    }

    fn tell(&self, line: &str) {
        use io::Write;
        let mut process = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipe) = &mut process.stdin {
            // A guard that is gone can't be told, and nothing depends on it.
            let _ = pipe.write_all(line.as_bytes());
        }
    }

    /// Closes the pipe and waits for the guard to end, which is at once when nothing is registered.
    pub(super) fn finish(&self) {
        let mut process = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        drop(process.stdin.take());
        let _ = process.wait();
    }
}

/// The guard process itself.
pub(crate) fn run() -> ExitCode {
    let lines = io::stdin().lock().lines().map_while(Result::ok);
    end(&registered(lines));
    ExitCode::SUCCESS
}

fn registered(lines: impl Iterator<Item = String>) -> BTreeSet<i32> {
    let mut groups = BTreeSet::new();
    for line in lines {
        let leader = |text: &str| text.parse::<i32>().ok().filter(|leader| *leader > 1);
        if let Some(leader) = line.strip_prefix('+').and_then(leader) {
            groups.insert(leader);
        } else if let Some(leader) = line.strip_prefix('-').and_then(leader) {
            groups.remove(&leader);
        }
    }
    groups
}

fn end(groups: &BTreeSet<i32>) {
    let mut left: Vec<Pid> = groups.iter().filter_map(|leader| Pid::from_raw(*leader)).collect();
    for group in &left {
        let _ = kill_process_group(*group, Signal::TERM);
    }
    let deadline = Instant::now() + PATIENCE;
    while !left.is_empty() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(50));
        left.retain(|group| test_kill_process_group(*group).is_ok());
    }
    for group in left {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_not_ended_is_left() {
        let lines = ["+10", "+11", "-10", "+nonsense", "-99", "+1", "+0", "+-5"];
        assert_eq!(registered(lines.into_iter().map(str::to_owned)), BTreeSet::from([11]));
    }

    #[test]
    fn what_is_left_is_ended() {
        use std::os::unix::process::CommandExt;
        let mut sleeper = std::process::Command::new("sleep").arg("600").process_group(0).spawn().unwrap();
        let leader = i32::try_from(sleeper.id()).unwrap();
        // Somebody must wait for it, as init does for orphans.
        let waiter = std::thread::spawn(move || sleeper.wait().unwrap());
        end(&BTreeSet::from([leader]));
        assert!(!waiter.join().unwrap().success());
    }
}
