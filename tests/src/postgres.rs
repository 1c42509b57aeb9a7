//! A PostgreSQL server for a test of its own, with a database for the services in it. It does without fsync: what is
//! tested with it is SQL and concurrency, not what a power cut leaves of PostgreSQL.

mod installed;

use std::path::Path;

use tempfile::TempDir;

use crate::{
    daemon::{Daemon, Ready, Recipe},
    ports::{Lease, lease},
    user::User,
};

const USER: &str = "orderflow";
const DATABASE: &str = "orderflow";

/// A client says hello as [`USER`] to the database that every server has: length, protocol 3.0, names and values.
pub(crate) const STARTUP: &[u8] = b"\0\0\0\x2a\0\x03\0\0user\0orderflow\0database\0postgres\0\0";
/// `AuthenticationOk`. It is sent when the server is ready for the client's first query.
pub(crate) const LET_IN: &[u8] = b"R\0\0\0\x08\0\0\0\0";

/// A running server; gone with the value.
#[derive(Debug)]
pub struct PrivatePostgres {
    /// To be killed, stopped and started again; it keeps its port and its data.
    pub daemon: Daemon,
    // Dropped last: the server is ended before its folder and its port go.
    _folder: TempDir,
    _port: Lease,
}

impl PrivatePostgres {
    /// With an empty database.
    ///
    /// # Panics
    /// When PostgreSQL is not installed, with what to do.
    pub async fn start() -> Self {
        let (folder, port) = (tempfile::tempdir().expect("a temporary folder"), lease(1));
        let [initdb, server, createdb] = recipes(folder.path(), port.first);
        if let Some(user) = server.user {
            user.own(folder.path());
        }
        run(initdb).await;
        let mut daemon = Daemon::new(server, port.first, Ready::Postgres, folder.path());
        daemon.start_ready().await;
        run(createdb).await;
        Self { daemon, _folder: folder, _port: port }
    }

    /// For `ORDERFLOW_DATABASE__URL`.
    pub fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{DATABASE}", self.daemon.port)
    }
}

/// What makes the data folder, what serves it, and what makes the database in it.
fn recipes(folder: &Path, port: u16) -> [Recipe; 3] {
    let (programs, user, port) = (installed::folder(), User::if_root(), port.to_string());
    let server = ["-h", "127.0.0.1", "-p", &port];
    let data = ["-D", "data"];
    let initdb = ["-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"];
    // No socket in a folder that all share, and no fsync.
    let postgres = ["-k", "", "-F"];
    let createdb = ["-U", USER, DATABASE];
    [
        ("initdb", [&data[..], &initdb].concat()),
        ("postgres", [&data[..], &server, &postgres].concat()),
        ("createdb", [&server[..], &createdb].concat()),
    ]
    .map(|(name, arguments)| Recipe {
        name: name.to_owned(),
        program: programs.join(name),
        arguments: arguments.into_iter().map(str::to_owned).collect(),
        // On macOS it refuses to start where the language is left to the system.
        variables: vec![("LC_ALL".to_owned(), "C".to_owned())],
        folder: folder.to_owned(),
        user,
    })
}

/// Runs it to its end.
async fn run(recipe: Recipe) {
    let output = recipe.command().output().await;
    let output = output.unwrap_or_else(|error| panic!("can't start {}: {error}", recipe.name));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {}: {words}", recipe.name, output.status);
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, net::TcpListener, rc::Rc};

    use tokio::task::LocalSet;

    use super::*;
    use crate::daemon::{children, lives};

    async fn all_processes(postgres: &PrivatePostgres) -> Vec<u32> {
        let server = postgres.daemon.pid();
        let others = children(server).await.into_iter().map(|(pid, _)| pid);
        others.chain([server]).collect()
    }

    fn is_gone(port: u16, folder: &Path, processes: &[u32]) {
        assert!(processes.len() > 1, "the server's own processes are its children");
        let left: Vec<_> = processes.iter().filter(|pid| lives(**pid)).collect();
        assert!(left.is_empty(), "{left:?} live on");
        assert!(!folder.exists(), "its folder is still there");
        TcpListener::bind(("127.0.0.1", port)).expect("its port is free");
    }

    #[tokio::test]
    async fn it_can_be_killed_stopped_and_started_and_goes_with_the_value() {
        let mut postgres = PrivatePostgres::start().await;
        postgres.daemon.kill().await;
        postgres.daemon.start_ready().await;
        assert!(postgres.daemon.log().text().contains("was not properly shut down"), "kill is a crash");
        let status = postgres.daemon.terminate().await;
        assert!(status.success(), "{status}");
        postgres.daemon.start_ready().await;
        let (port, folder) = (postgres.daemon.port, postgres.daemon.recipe.folder.clone());
        let processes = all_processes(&postgres).await;
        drop(postgres);
        is_gone(port, &folder, &processes);
    }

    #[tokio::test]
    async fn it_goes_when_the_test_panics() {
        let seen = Rc::new(RefCell::default());
        let sees = seen.clone();
        let fails = async move {
            let postgres = PrivatePostgres::start().await;
            let processes = all_processes(&postgres).await;
            *sees.borrow_mut() = (postgres.daemon.port, postgres.daemon.recipe.folder.clone(), processes);
            panic!("as a test that fails");
        };
        let test = LocalSet::new();
        let ended = test.run_until(async { tokio::task::spawn_local(fails).await }).await;
        assert!(ended.is_err_and(|error| error.is_panic()));
        let (port, folder, processes) = &*seen.borrow();
        is_gone(*port, folder, processes);
    }
}
