//! `orderctl up`, which is what `make run` runs.

use std::{net::TcpListener, path::Path};

use rustix::process::Signal;
use system_tests::{
    Client, Daemon,
    daemon::{Ready, Recipe, children, lives},
    eventually,
    ports::{Lease, lease},
    programs,
};
use tempfile::TempDir;

/// A folder to run in, and three ports.
struct Machine {
    folder: TempDir,
    ports: Lease,
}

impl Machine {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder"), ports: lease(3) }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn port(&self) -> u16 {
        self.ports.first
    }

    /// `orderctl up` in the folder, not started yet.
    fn up(&self, log: &str, settings: &[(&str, &str)]) -> Daemon {
        let listen = ("ORDERFLOW_HTTP__LISTEN".to_owned(), format!("127.0.0.1:{}", self.port()));
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let recipe = Recipe {
            name: log.to_owned(),
            program: programs::path("orderctl"),
            arguments: vec!["up".to_owned()],
            variables: settings.chain([listen]).collect(),
            folder: self.path().to_owned(),
            user: None,
        };
        Daemon::new(recipe, self.port(), Ready::Http, self.path())
    }

    fn client(&self) -> Client {
        Client::new(self.port(), self.port() + 1)
    }

    async fn ports_are_free(&self) {
        for port in self.port()..self.port() + 3 {
            eventually(&format!("port {port} is free"), async || {
                TcpListener::bind(("127.0.0.1", port)).map(drop).map_err(|error| error.to_string())
            })
            .await;
        }
    }
}

async fn says(up: &Daemon, text: &str) {
    eventually(&format!("it says {text:?}"), async || {
        if up.log().text().contains(text) { Ok(()) } else { Err("it does not".to_owned()) }
    })
    .await;
}

async fn child(up: &Daemon, name: &str) -> u32 {
    eventually(&format!("{name} runs"), async || {
        let children = children(up.pid()).await;
        children.iter().find(|(_, its)| its == name).map(|(pid, _)| *pid).ok_or(format!("{children:?}"))
    })
    .await
}

async fn all_gone(pids: &[(u32, String)]) {
    eventually("every process is gone", async || {
        let left: Vec<_> = pids.iter().filter(|(pid, _)| lives(*pid)).collect();
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_comes_up_restarts_what_dies_stops_without_leftovers_and_finds_its_orders_again() {
    let machine = Machine::new();
    let mut up = machine.up("first-run", &[]);
    up.start();
    says(&up, "Orderflow is ready").await;
    let client = machine.client();
    let order_id = client.placed(1).await;
    assert_eq!(client.finished(&order_id).await["status"], "completed");

    for name in ["order-api", "order-processor", "metrics-service", "redis-server"] {
        let killed = child(&up, name).await;
        let pid = rustix::process::Pid::from_raw(killed.cast_signed()).unwrap();
        rustix::process::kill_process(pid, Signal::KILL).unwrap();
        eventually(&format!("another {name} runs"), async || match child(&up, name).await {
            pid if pid == killed => Err("not yet".to_owned()),
            _ => Ok(()),
        })
        .await;
    }
    says(&up, "order-api ended").await;
    up.ready().await;
    let second = client.placed(2).await;
    assert_eq!(client.finished(&second).await["status"], "completed");

    let mut other = machine.up("second-in-the-same-folder", &[]);
    other.start();
    assert_eq!(other.ended().await.code(), Some(1));
    says(&other, "already runs in this folder").await;

    let started = children(up.pid()).await;
    assert_eq!(started.len(), 5, "Redis, three services and the guard: {started:?}");
    up.signal(Signal::INT);
    assert_eq!(up.ended().await.code(), Some(0));
    all_gone(&started).await;
    machine.ports_are_free().await;

    let mut up = machine.up("second-run", &[]);
    up.start();
    says(&up, "Orderflow is ready").await;
    for order_id in [order_id, second] {
        assert_eq!(client.get(&order_id).await.unwrap()["status"], "completed");
    }
    let started = children(up.pid()).await;
    up.kill().await;
    all_gone(&started).await;
    machine.ports_are_free().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_named_and_nothing_is_started() {
    let machine = Machine::new();
    let _other = TcpListener::bind(("127.0.0.1", machine.port() + 1)).unwrap();
    let mut up = machine.up("up", &[]);
    up.start();
    assert_eq!(up.ended().await.code(), Some(1));
    let text = up.log().text();
    assert!(text.contains(&format!("port {} (metrics-service) is taken", machine.port() + 1)), "{text}");
    assert!(!text.contains("starting"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_cannot_live_ends_it_with_the_reason() {
    let machine = Machine::new();
    let mut up = machine.up("up", &[("ORDERFLOW_PROCESSOR__CONCURRENCY", "many")]);
    up.start();
    assert_eq!(up.ended().await.code(), Some(1));
    let text = up.log().text();
    let (_, message) = text.split_once("orderctl: order-processor ended 5 times").expect(&text);
    assert!(message.contains("ORDERFLOW_PROCESSOR__CONCURRENCY must be a whole number"), "{message}");
    machine.ports_are_free().await;
}
