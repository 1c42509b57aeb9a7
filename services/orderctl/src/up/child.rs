//! One running program: a process group of its own, so that the terminal's Ctrl-C reaches only the
//! supervisor, with its output going line by line to the console.

use std::{
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use runtime::lifecycle::Shutdown;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader},
    process::{Child as Process, Command},
    task::JoinSet,
};

use super::{console::Console, guard::Guard, tail::Tail};

/// A longer line is shown in pieces.
const LONGEST_LINE: u64 = 64 * 1024;
/// Output that is still on its way when the program has ended. A grandchild may hold the pipe for ever.
const LAST_OUTPUT: Duration = Duration::from_secs(1);

pub(super) struct Child {
    process: Process,
    leader: u32,
    output: JoinSet<()>,
    guard: Guard,
}

impl Child {
    pub(super) fn start(
        mut command: Command,
        name: &'static str,
        console: &Console,
        tail: &Tail,
        guard: Guard,
    ) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.process_group(0).kill_on_drop(true).spawn()?;
        let leader = process.id().ok_or_else(|| io::Error::other("the process has no id"))?;
        guard.started(leader);
        let mut output = JoinSet::new();
        if let Some(stdout) = process.stdout.take() {
            output.spawn(follow(stdout, name, console.clone(), tail.clone()));
        }
        if let Some(stderr) = process.stderr.take() {
            output.spawn(follow(stderr, name, console.clone(), tail.clone()));
        }
        Ok(Self { process, leader, output, guard })
    }

    /// Waits for the end, and for the last words. May be dropped and called again.
    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        let status = self.process.wait().await;
        self.guard.ended(self.leader);
        let all = async { while self.output.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(LAST_OUTPUT, all).await;
        status
    }

    /// Asks it to end; kills it after `patience`, or as soon as `stop` aborts. Returns whether it went by itself.
    pub(super) async fn stop(mut self, patience: Duration, stop: &Shutdown) -> bool {
        self.signal(Signal::TERM);
        let in_time = tokio::select! {
            _ = self.ended() => true,
            () = tokio::time::sleep(patience) => false,
            () = stop.aborting().cancelled_owned() => false,
        };
        if !in_time {
            self.signal(Signal::KILL);
            let _ = self.ended().await;
        }
        in_time
    }

    fn signal(&self, signal: Signal) {
        // `id` is none once the process has been waited for: the number may be somebody else's by then.
        let group = self.process.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(group) = group {
            let _ = kill_process_group(group, signal);
        }
    }
}

async fn follow(stream: impl AsyncRead + Unpin, name: &'static str, console: Console, tail: Tail) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut reader).take(LONGEST_LINE).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let text = String::from_utf8_lossy(&line);
                let text = text.trim_end_matches(['\n', '\r']);
                tail.push(text);
                console.log(name, text);
            }
        }
    }
}
