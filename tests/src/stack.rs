//! One whole Orderflow: Redis and the three services, with their own ports and their own folder.

use std::path::Path;

use tempfile::TempDir;

use crate::{
    client::Client,
    daemon::{Daemon, Ready, Recipe},
    ports::{Lease, lease},
    programs, redis,
};

/// Steps that take a moment and always succeed, so that work is in hand when something is killed.
const SETTINGS: &[(&str, &str)] = &[
    ("ORDERFLOW_TELEMETRY__LOG_FORMAT", "human"),
    ("ORDERFLOW_PIPELINE__MODE", "simulated"),
    ("ORDERFLOW_PIPELINE__SIMULATED__LATENCY_MS", "2"),
    ("ORDERFLOW_PIPELINE__SIMULATED__FAILURE_RATE", "0"),
];

#[derive(Debug)]
pub struct Stack {
    pub redis: Daemon,
    pub api: Daemon,
    pub processor: Daemon,
    pub metrics: Daemon,
    pub client: Client,
    // Dropped last: the programs are ended before their folder and their ports go.
    folder: TempDir,
    _ports: Lease,
}

impl Stack {
    /// Everything, started and ready.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same, with settings (`ORDERFLOW_…`) for all services.
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        let mut stack = Self::build(settings);
        stack.up().await;
        stack
    }

    /// Nothing started yet.
    pub fn build(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ports = lease(4);
        let redis_port = ports.first + 3;
        let variables: Vec<(String, String)> = SETTINGS
            .iter()
            .chain(settings)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .chain([
                ("ORDERFLOW_REDIS__URL".to_owned(), redis::url(redis_port)),
                (
                    "ORDERFLOW_PROJECTION__ORDER_API_URL".to_owned(),
                    format!("http://127.0.0.1:{}", ports.first),
                ),
            ])
            .collect();
        let service = |name: &str, port: u16| {
            let mut variables = variables.clone();
            variables.push(("ORDERFLOW_HTTP__LISTEN".to_owned(), format!("127.0.0.1:{port}")));
            variables.push(("ORDERFLOW_INSTANCE".to_owned(), format!("{name}-1")));
            let recipe = Recipe {
                name: name.to_owned(),
                program: programs::path(name),
                arguments: vec!["serve".to_owned()],
                variables,
                folder: folder.path().to_owned(),
                user: None,
            };
            Daemon::new(recipe, port, Ready::Http, folder.path())
        };
        Self {
            redis: redis::daemon(redis_port, folder.path()),
            api: service("order-api", ports.first),
            metrics: service("metrics-service", ports.first + 1),
            processor: service("order-processor", ports.first + 2),
            client: Client::new(ports.first, ports.first + 1),
            folder,
            _ports: ports,
        }
    }

    /// Starts what was built, and waits until it is ready.
    pub async fn up(&mut self) {
        self.redis.start_ready().await;
        for service in self.services() {
            service.start();
        }
        for service in self.services() {
            service.ready().await;
        }
    }

    /// Adds a setting for all services that counts from their next start on, instead of an earlier one.
    pub fn set(&mut self, name: &str, value: &str) {
        for service in self.services() {
            service.recipe.set(name, value);
        }
    }

    pub const fn services(&mut self) -> [&mut Daemon; 3] {
        [&mut self.api, &mut self.processor, &mut self.metrics]
    }

    /// The services, and Redis.
    pub const fn all(&mut self) -> [&mut Daemon; 4] {
        [&mut self.redis, &mut self.api, &mut self.processor, &mut self.metrics]
    }

    pub const fn service(&mut self, which: Which) -> &mut Daemon {
        match which {
            Which::Api => &mut self.api,
            Which::Processor => &mut self.processor,
            Which::Metrics => &mut self.metrics,
        }
    }

    /// Where the services keep their data (in `data/`) and their logs are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// One of the services, to do something to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    Api,
    Processor,
    Metrics,
}
