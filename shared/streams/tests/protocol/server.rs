//! A private redis-server: a free port, its own directory, gone with the value.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    child: Child,
    directory: TempDir,
    pub(crate) port: u16,
    arguments: Vec<String>,
}

impl Server {
    /// With an append-only file that survives kill -9, and further arguments.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let port = free_port();
            let directory = TempDir::new().unwrap();
            let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
            let mut child = spawn(port, &directory, &arguments);
            if answers(&mut child, port, deadline) {
                return Self { child, directory, port, arguments };
            }
            // Another test took the port between the look and the start.
            assert!(Instant::now() < deadline, "redis-server does not start");
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// kill -9.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// A copy of everything on disk: with `appendfsync always` all that was answered.
    pub(crate) fn data(&self) -> TempDir {
        let kept = TempDir::new().unwrap();
        copy(self.directory.path(), kept.path());
        kept
    }

    /// Replaces what is on disk by an earlier copy; the server must not run.
    pub(crate) fn put_back(&self, kept: &TempDir) {
        std::fs::remove_dir_all(self.directory.path().join("appendonlydir")).unwrap();
        copy(kept.path(), self.directory.path());
    }

    /// Starts again on the same port with what was on disk.
    pub(crate) fn restart(&mut self) {
        self.child = spawn(self.port, &self.directory, &self.arguments);
        assert!(
            answers(&mut self.child, self.port, Instant::now() + DEADLINE),
            "redis-server does not start again"
        );
    }

    /// Sends the process a signal: `STOP` makes every connection half-open, `CONT` ends that.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn spawn(port: u16, directory: &TempDir, arguments: &[String]) -> Child {
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
        .args(["--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"])
        .arg("--dir")
        .arg(directory.path())
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-server is installed")
}

/// Waits for an answer to PING; a refusal for want of a password is one too.
fn answers(child: &mut Child, port: u16, deadline: Instant) -> bool {
    while Instant::now() < deadline {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) {
            let mut answer = [0; 7];
            let asked = stream.write_all(b"PING\r\n").and_then(|()| stream.read_exact(&mut answer));
            if asked.is_ok() && (&answer == b"+PONG\r\n" || answer.starts_with(b"-NOAUTH")) {
                return true;
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}
