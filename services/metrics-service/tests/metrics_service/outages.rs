//! What the service needs goes away and comes back, or comes late. It heals by itself and counts everything.

use system_tests::{eventually, redis::PrivateRedis};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    shop::Shop,
    world::{Disk, Service},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_starts_before_redis_serves_and_waits() {
    let (mut redis, disk) = (PrivateRedis::build(), Disk::new());
    let config = disk.config(&redis.url());
    let service = Service::start(config.clone()).await;
    eventually("it serves what it has", async || service.stats().await).await;
    assert_eq!((service.status("/healthz").await, service.status("/readyz").await), (200, 503));

    redis.daemon.start_ready().await;
    let mut shop = Shop::open(&config).await;
    shop.place(3).await;
    shop.shows(&service, 3, 0).await;
    assert_eq!(service.status("/readyz").await, 200);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_killed_and_started_again() {
    let (mut redis, disk) = (PrivateRedis::start().await, Disk::new());
    let config = disk.config(&redis.url());
    let service = Service::start(config.clone()).await;
    let mut shop = Shop::open(&config).await;
    shop.place(10).await;
    shop.complete(5).await;
    shop.shows(&service, 5, 5).await;
    redis.daemon.terminate().await;
    eventually("it is not ready", async || match service.status("/readyz").await {
        503 => Ok(()),
        status => Err(status.to_string()),
    })
    .await;
    assert_eq!(service.stats().await.unwrap()["total_orders"], 10, "what it has it still serves");

    redis.daemon.start_ready().await;
    // Another one, since a worker's connection is not what is tested here.
    shop.place(10).await;
    shop.shows(&service, 15, 5).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_loses_everything() {
    let (redis, disk) = (PrivateRedis::start().await, Disk::new());
    let config = disk.config(&redis.url());
    let service = Service::start(config.clone()).await;
    let mut shop = Shop::open(&config).await;
    shop.place(10).await;
    shop.shows(&service, 10, 0).await;
    flush(redis.daemon.port).await;
    // The snapshot is there again although nothing has changed, and new events are followed in a new group.
    shop.shows(&service, 10, 0).await;
    shop.place(5).await;
    shop.shows(&service, 15, 0).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_locked_for_a_while_loses_nothing() {
    let (redis, disk) = (PrivateRedis::start().await, Disk::new());
    let config = disk.config(&redis.url());
    let service = Service::start(config.clone()).await;
    let mut shop = Shop::open(&config).await;
    shop.place(10).await;
    shop.shows(&service, 10, 0).await;

    let other = disk.database().await;
    let lock = other.begin_write().await.unwrap();
    shop.place(10).await;
    eventually("events are in hand", async || {
        let partition = &service.stats().await?["partitions"][0];
        if partition["unacknowledged"] == 10 { Ok(()) } else { Err(partition.to_string()) }
    })
    .await;
    assert_eq!(service.stats().await.unwrap()["total_orders"], 10);
    lock.rollback().await.unwrap();
    shop.shows(&service, 20, 0).await;
    service.stop().await;
}

pub(crate) async fn flush(port: u16) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(b"FLUSHALL\r\n").await.unwrap();
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"+OK\r\n");
}
