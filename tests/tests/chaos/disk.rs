//! What is in the databases of order-api and order-processor when nobody has them open: read from copies, so that the
//! services find what the crash has left, logs and all.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use runtime::{
    Service,
    config::{DatabaseConfig, Synchronous},
    db::{self, Database},
};
use sea_orm::{ConnectionTrait, QueryResult, Statement};
use serde_json::Value;
use system_tests::{Stack, client::text};

/// The steps of an order that was completed.
const STEPS: [&str; 3] = ["fulfilment", "payment", "stock"];

#[derive(Debug)]
pub(crate) struct Disk {
    /// Status by id.
    orders: BTreeMap<String, String>,
    ledger: BTreeMap<String, Vec<Attempt>>,
}

#[derive(Debug)]
struct Attempt {
    outcome: String,
    /// Accepted ones.
    steps: BTreeSet<String>,
}

impl Disk {
    /// # Panics
    /// When a database is damaged.
    pub(crate) async fn of(stack: &Stack) -> Self {
        let data = stack.folder().join("data");
        let (mut orders, mut ledger) = (BTreeMap::new(), BTreeMap::<_, Vec<_>>::new());
        let rows = rows(&data, Service::OrderApi, "SELECT hex(id) AS id, status FROM orders").await;
        for row in rows {
            orders.insert(order_id(&row), column(&row, "status"));
        }
        let attempts = "SELECT hex(order_id) AS id, outcome, steps FROM attempts";
        for row in self::rows(&data, Service::OrderProcessor, attempts).await {
            let attempt =
                Attempt { outcome: column(&row, "outcome"), steps: accepted(&column(&row, "steps")) };
            ledger.entry(order_id(&row)).or_default().push(attempt);
        }
        Self { orders, ledger }
    }

    /// # Panics
    /// When one of the orders is not there.
    pub(crate) fn has(&self, orders: &[String]) {
        let lost: Vec<_> = orders.iter().filter(|id| !self.orders.contains_key(*id)).collect();
        assert!(lost.is_empty(), "{} of {} orders are not on the disk: {lost:?}", lost.len(), orders.len());
    }

    /// What was published was stored before, and what was reported is in the ledger.
    ///
    /// # Panics
    /// With the order of which the two files say different things.
    pub(crate) fn is_consistent(&self) {
        for (id, attempts) in &self.ledger {
            assert!(self.orders.contains_key(id), "{id} is worked on, and not stored: {attempts:?}");
        }
        for (id, status) in &self.orders {
            let attempts = self.ledger.get(id).map(Vec::as_slice).unwrap_or_default();
            let ends: BTreeSet<&str> = attempts.iter().filter_map(Attempt::end).collect();
            assert!(ends.len() <= 1, "{id} has two ends: {attempts:?}");
            if matches!(status.as_str(), "completed" | "failed") {
                assert!(ends.contains(status.as_str()), "{id} is {status}: {attempts:?}");
            }
            if status == "completed" {
                let done: BTreeSet<&str> =
                    attempts.iter().flat_map(|attempt| &attempt.steps).map(String::as_str).collect();
                assert_eq!(done, STEPS.into(), "{id} is completed: {attempts:?}");
            }
        }
    }
}

impl Attempt {
    /// The order's, if it was the last.
    fn end(&self) -> Option<&str> {
        matches!(self.outcome.as_str(), "completed" | "failed").then_some(&self.outcome)
    }
}

/// Of a copy of the service's database.
async fn rows(data: &Path, service: Service, query: &str) -> Vec<QueryResult> {
    let copy = tempfile::tempdir().expect("a temporary folder");
    let name = format!("{service}.db");
    for end in ["", "-wal"] {
        let file = format!("{name}{end}");
        if data.join(&file).exists() {
            std::fs::copy(data.join(&file), copy.path().join(&file)).expect("a file can be copied");
        }
    }
    let database = open(&copy.path().join(name), service).await;
    let check = all(&database, "PRAGMA integrity_check").await;
    assert_eq!(column(&check[0], "integrity_check"), "ok", "{service}");
    all(&database, query).await
}

async fn open(file: &Path, service: Service) -> Database {
    let config = DatabaseConfig {
        url: format!("sqlite://{}", file.display()),
        readers: 1,
        synchronous: Synchronous::Full,
        busy_timeout_ms: 1_000,
        connect_timeout_ms: 0,
    };
    db::connect(&config, service).await.expect("SQLite recovers it from its log")
}

async fn all(database: &Database, query: &str) -> Vec<QueryResult> {
    let statement = Statement::from_string(database.backend, query);
    database.writer.query_all_raw(statement).await.expect("it can be read")
}

fn column(row: &QueryResult, name: &str) -> String {
    row.try_get("", name).expect("a text")
}

/// As it is on the wire.
fn order_id(row: &QueryResult) -> String {
    let hex = column(row, "id").to_lowercase();
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &hex[part]);
    format!("ORD-{}", parts.join("-"))
}

fn accepted(steps: &str) -> BTreeSet<String> {
    let reports: Vec<Value> = serde_json::from_str(steps).expect("a list of step reports");
    let accepted = reports.iter().filter(|report| report["outcome"] == "accepted");
    accepted.map(|report| text(report, "step")).collect()
}
