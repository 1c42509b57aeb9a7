//! A program that runs in the background: one of the three services, Redis, PostgreSQL, or the supervisor. It can
//! be killed, ended and started again, and keeps its port, its folder and its log.

use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::{Child, Command},
};

use crate::{
    log::Log,
    postgres,
    user::User,
    wait::{DEADLINE, eventually},
};

/// How long a value that goes away waits for its program to be gone. A killed one takes a moment.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// What to run. Variables of this process that are settings of Orderflow never reach it.
#[derive(Clone, Debug)]
pub struct Recipe {
    pub name: String,
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub variables: Vec<(String, String)>,
    pub folder: PathBuf,
    /// Who runs it; `None`: whoever runs the test.
    pub user: Option<User>,
}

impl Recipe {
    /// Of two variables with one name the later counts.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ORDERFLOW_") {
                command.env_remove(name);
            }
        }
        command.args(&self.arguments).envs(self.variables.iter().cloned()).current_dir(&self.folder);
        command.stdin(Stdio::null()).kill_on_drop(true);
        if let Some(user) = self.user {
            command.uid(user.uid).gid(user.gid);
        }
        command
    }
}

/// How to see that it serves.
#[derive(Clone, Copy, Debug)]
pub enum Ready {
    /// `GET /readyz` is answered 200.
    Http,
    /// PING is answered PONG.
    Redis,
    /// A client is let in.
    Postgres,
}

impl Ready {
    /// Ends it once what is in hand is finished.
    const fn end(self) -> Signal {
        match self {
            Self::Http | Self::Redis => Signal::TERM,
            // TERM would wait until every client has left.
            Self::Postgres => Signal::INT,
        }
    }

    /// Ends it in the middle of whatever it does.
    const fn kill(self) -> Signal {
        match self {
            Self::Http | Self::Redis => Signal::KILL,
            // Its own crash of all its processes: the next start recovers. KILL would reach one process only, and leave the
            // others and their shared memory behind.
            Self::Postgres => Signal::QUIT,
        }
    }
}

#[derive(Debug)]
pub struct Daemon {
    pub recipe: Recipe,
    pub port: u16,
    ready: Ready,
    running: Option<Child>,
    log: Log,
}

impl Daemon {
    pub fn new(recipe: Recipe, port: u16, ready: Ready, logs: &Path) -> Self {
        let log = Log::new(&recipe.name, logs.join(format!("{}.log", recipe.name)));
        Self { recipe, port, ready, running: None, log }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Starts it and goes on at once.
    pub fn start(&mut self) {
        assert!(self.running.is_none(), "{} runs already", self.recipe.name);
        let (out, err) = (self.log.open(), self.log.open());
        let child = self.recipe.command().stdout(out).stderr(err).spawn();
        self.running =
            Some(child.unwrap_or_else(|error| panic!("can't start {}: {error}", self.recipe.name)));
    }

    /// Starts it and waits until it serves. Returns how long that took, in milliseconds.
    pub async fn start_ready(&mut self) -> u128 {
        let started = Instant::now();
        self.start();
        self.ready().await;
        started.elapsed().as_millis()
    }

    /// Waits until it serves.
    pub async fn ready(&mut self) {
        let (port, ready) = (self.port, self.ready);
        let name = self.recipe.name.clone();
        let running = self.running.as_mut().expect("it has been started");
        eventually(&format!("{name} is ready"), async || {
            if let Ok(Some(status)) = running.try_wait() {
                panic!("{name} ended before it was ready: {status}");
            }
            asked(ready, port).await
        })
        .await;
    }

    /// SIGKILL (PostgreSQL: its own crash), and waits for the end.
    pub async fn kill(&mut self) {
        self.signal(self.ready.kill());
        self.ended().await;
    }

    /// SIGTERM (PostgreSQL: its fast shutdown), and waits for the end.
    pub async fn terminate(&mut self) -> ExitStatus {
        self.signal(self.ready.end());
        self.ended().await
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.pid().cast_signed()).expect("a process id");
        kill_process(pid, signal).expect("a child can be signalled");
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        let mut child = self.running.take().expect("it runs");
        let ended = tokio::time::timeout(DEADLINE, child.wait()).await;
        let status = ended.unwrap_or_else(|_| panic!("{} did not end", self.recipe.name));
        status.expect("a child can be waited for")
    }

    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    pub fn pid(&self) -> u32 {
        self.running.as_ref().and_then(Child::id).expect("it runs")
    }
}

/// Gone with the value, also when the test panics: nothing of it uses the folder and the port any more.
impl Drop for Daemon {
    fn drop(&mut self) {
        let Some(mut child) = self.running.take() else { return };
        if let Some(pid) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            // It may have ended by itself.
            let _ = kill_process(pid, self.ready.kill());
        }
        let deadline = Instant::now() + PATIENCE;
        while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

/// By hand: three requests a client library would add nothing to.
async fn asked(ready: Ready, port: u16) -> Result<(), String> {
    let (request, expected): (&[u8], &[u8]) = match ready {
        Ready::Http => {
            (b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n", b"HTTP/1.1 200")
        }
        Ready::Redis => (b"PING\r\n", b"+PONG"),
        Ready::Postgres => (postgres::STARTUP, postgres::LET_IN),
    };
    let answer = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(request).await?;
        let mut answer = vec![0; expected.len()];
        stream.read_exact(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let answer = answer.await.map_err(|error| error.to_string())?;
    if answer == expected { Ok(()) } else { Err(String::from_utf8_lossy(&answer).into_owned()) }
}

/// The direct children of a process, with their names.
pub async fn children(parent: u32) -> Vec<(u32, String)> {
    let output =
        Command::new("ps").args(["-A", "-o", "ppid=,pid=,comm="]).output().await.expect("ps is there");
    let child = |line: &str| {
        let mut words = line.split_whitespace();
        let (its_parent, pid) = (words.next()?.parse::<u32>().ok()?, words.next()?.parse().ok()?);
        let name = words.next()?.rsplit('/').next()?.to_owned();
        (its_parent == parent).then_some((pid, name))
    };
    String::from_utf8_lossy(&output.stdout).lines().filter_map(child).collect()
}

/// Whether there is such a process.
pub fn lives(pid: u32) -> bool {
    Pid::from_raw(pid.cast_signed()).is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
}
