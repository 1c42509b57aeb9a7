//! order-api can't write: its disk is full, or somebody else holds its database. It says so, and takes orders again
//! as soon as it can, without a restart.

use std::path::Path;

use runtime::{
    Service,
    config::{DatabaseConfig, Synchronous},
    db::{self, Database},
};
use serde_json::Value;
use system_tests::{Client, eventually, small_disk::SmallDisk};

use crate::world::World;

/// Numbers that the load does not reach.
const FIRST_OF_OURS: usize = 1_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn on_a_disk_that_is_full() {
    let mut world = World::build("order-api's disk is full").await;
    let disk = SmallDisk::under(&mut world.stack.api);
    world.up().await;
    let process = world.stack.api.pid();
    let mut numbers = FIRST_OF_OURS..;
    let strike = async |world: &mut World| {
        disk.fill(&world.stack.api);
        refuses(&world.stack.client, &mut numbers).await;
        disk.clear(&world.stack.api);
        world.accepts_more().await;
        assert_eq!(world.stack.api.pid(), process);
    };
    world.survives(strike).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn into_a_database_that_is_locked() {
    let mut world = World::build("order-api's database is locked").await;
    world.stack.set("ORDERFLOW_DATABASE__BUSY_TIMEOUT_MS", "200");
    world.up().await;
    let process = world.stack.api.pid();
    let file = world.stack.api.recipe.folder.join("data/order-api.db");
    let mut numbers = FIRST_OF_OURS..;
    let strike = async |world: &mut World| {
        let other = open(&file).await;
        let lock = eventually("the lock is ours", async || {
            other.begin_write().await.map_err(|error| error.to_string())
        })
        .await;
        refuses(&world.stack.client, &mut numbers).await;
        lock.rollback().await.expect("a lock can be given back");
        world.accepts_more().await;
        assert_eq!(world.stack.api.pid(), process);
    };
    world.survives(strike).await;
}

/// As another process does.
async fn open(file: &Path) -> Database {
    let url = format!("sqlite://{}", file.display());
    let synchronous = Synchronous::Full;
    let config =
        DatabaseConfig { url, readers: 1, synchronous, busy_timeout_ms: 1_000, connect_timeout_ms: 0 };
    db::connect(&config, Service::OrderApi).await.expect("the file can be opened by others")
}

/// 503, with the reason and when to come back.
async fn refuses(client: &Client, numbers: &mut impl Iterator<Item = usize>) {
    eventually("an order is refused for want of storage", async || {
        // One that is accepted is an order like any other.
        let order = Client::order(numbers.next().expect("there is no last number"));
        let request = client.http.post(format!("{}/orders/", client.api)).json(&order);
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let (status, comes_back) = (answer.status(), answer.headers().contains_key("retry-after"));
        let problem: Value = answer.json().await.map_err(|error| error.to_string())?;
        if status == 503 && comes_back && problem["code"] == "storage_unavailable" {
            Ok(())
        } else {
            Err(format!("{status}: {problem}"))
        }
    })
    .await;
}
