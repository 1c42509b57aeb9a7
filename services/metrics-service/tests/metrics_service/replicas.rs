//! Several replicas on one PostgreSQL.

use system_tests::{eventually, postgres::PrivatePostgres, redis::PrivateRedis};

use crate::{
    projection::shared_by_two,
    shop::Shop,
    world::{Disk, Service},
};

#[tokio::test(flavor = "multi_thread")]
async fn two_projections_of_one_partition_count_no_order_twice() {
    let (postgres, disk) = (PrivatePostgres::start().await, Disk::new());
    let mut config = disk.config("redis://unused");
    config.database.url = postgres.url();
    shared_by_two(&config).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_show_the_same_and_outlive_their_database() {
    let (mut postgres, redis) = (PrivatePostgres::start().await, PrivateRedis::start().await);
    let disk = Disk::new();
    let mut config = disk.config(&redis.url());
    config.database.url = postgres.url();
    let one = Service::start(config.clone()).await;
    config.instance = "metrics-2".into();
    let other = Service::start(config.clone()).await;

    let mut shop = Shop::open(&config).await;
    for _ in 0..10 {
        shop.place(10).await;
        shop.complete(5).await;
    }
    for replica in [&one, &other] {
        shop.shows(replica, 50, 50).await;
    }

    postgres.daemon.kill().await;
    eventually("it is not ready", async || match one.status("/readyz").await {
        503 => Ok(()),
        status => Err(status.to_string()),
    })
    .await;
    shop.place(50).await;
    shop.complete(20).await;
    assert_eq!(one.stats().await.unwrap()["total_orders"], 100, "what it has it still serves");
    postgres.daemon.start_ready().await;
    for replica in [&one, &other] {
        shop.shows(replica, 80, 70).await;
    }
    one.stop().await;
    other.stop().await;
}
