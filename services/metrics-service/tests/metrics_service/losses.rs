//! Redis loses events under the running service, or behind its back. The numbers heal, from an order-api that answers over
//! HTTP, and so does the snapshot.

use std::{fs, path::Path};

use metrics_service::Config;
use streams::{keys::METRICS_SERVICE, progress::progress};
use system_tests::{eventually, ports::lease, postgres::PrivatePostgres, redis::PrivateRedis};

use crate::{
    order_api::OrderApi,
    outages::flush,
    projection::numbers,
    shop::Shop,
    world::{Disk, Service, projection},
};

const FINISHED: &str = r#"orderflow_projection_rebuilds_total{outcome="finished"} "#;

fn config(disk: &Disk, redis: &PrivateRedis, order_api: &OrderApi) -> Config {
    let mut config = disk.config(&redis.url());
    config.projection.order_api_url = order_api.url();
    config
}

/// Waits until it is known that the numbers are being corrected, or are not any more.
async fn rebuilding(service: &Service, rebuilding: bool) {
    eventually(&format!("rebuilding: {rebuilding}"), async || {
        let stats = service.stats().await?;
        if stats["rebuilding"] == rebuilding { Ok(()) } else { Err(stats.to_string()) }
    })
    .await;
}

/// How many rebuilds a service has finished.
async fn finished(service: &Service) -> u32 {
    let text = service.text("/metrics").await;
    text.lines().find_map(|line| line.strip_prefix(FINISHED)).map_or(0, |count| count.parse().unwrap())
}

/// Until the epoch is written down that the events belong to: another one is then recognised.
async fn knows_its_epoch(config: &Config, shop: &Shop) {
    let found = progress(&shop.redis, 0, METRICS_SERVICE).await.unwrap();
    assert!(!found.epoch.is_empty());
    let projection = projection(config).await;
    eventually("the epoch is written down", async || match projection.reached(0).await.unwrap() {
        Some(reached) if reached.epoch == found.epoch => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_emptied_under_the_running_service() {
    let (redis, disk, order_api) = (PrivateRedis::start().await, Disk::new(), OrderApi::start().await);
    let config = config(&disk, &redis, &order_api);
    let service = Service::start(config.clone()).await;
    let mut shop = Shop::open(&config).await;
    shop.place(30).await;
    shop.complete(10).await;
    shop.shows(&service, 20, 10).await;
    knows_its_epoch(&config, &shop).await;
    assert_eq!(order_api.asked(), [], "as long as nothing is lost nobody is asked");

    shop.complete_unheard(5);
    order_api.knows(shop.records());
    flush(redis.daemon.port).await;
    let stats = shop.shows(&service, 15, 15).await;
    assert_eq!(stats["durations"]["processing"]["count"], 15);
    assert_eq!(stats["durations"]["end_to_end"]["max_seconds"], 2.0);
    rebuilding(&service, false).await;
    let text = service.text("/metrics").await;
    assert!(text.contains("orderflow_projection_orders_corrected_total 5\n"), "{text}");
    assert_eq!(finished(&service).await, 1);

    // The new data set is followed, and known from the old one after a start.
    shop.place(3).await;
    shop.shows(&service, 18, 15).await;
    knows_its_epoch(&config, &shop).await;
    let last = progress(&shop.redis, 0, METRICS_SERVICE).await.unwrap().last_event;
    service.stop().await;
    let reached = disk.projection().await.reached(0).await.unwrap().unwrap();
    assert_eq!(reached.entry, last);
    let asked = order_api.asked().len();
    let service = Service::start(config).await;
    shop.place(3).await;
    shop.shows(&service, 21, 15).await;
    rebuilding(&service, false).await;
    assert_eq!((order_api.asked().len(), finished(&service).await), (asked, 0));
    service.stop().await;
}

/// Nobody answers at first, then somebody who asks to come back later.
#[tokio::test(flavor = "multi_thread")]
async fn redis_is_replaced_by_an_empty_one_and_order_api_is_away_at_first() {
    let (redis, disk, port) = (PrivateRedis::start().await, Disk::new(), lease(1));
    let mut config = disk.config(&redis.url());
    config.projection.order_api_url = format!("http://127.0.0.1:{}", port.first);
    let service = Service::start(config.clone()).await;
    let mut shop = Shop::open(&config).await;
    shop.place(20).await;
    shop.complete(10).await;
    shop.shows(&service, 10, 10).await;
    knows_its_epoch(&config, &shop).await;
    service.stop().await;

    shop.complete_unheard(4);
    let other = PrivateRedis::start().await;
    config.redis.url = other.url();
    let service = Service::start(config.clone()).await;
    rebuilding(&service, true).await;
    let elsewhere = Shop::open(&config).await;
    // What is known is shown meanwhile, also to order-api.
    elsewhere.shows(&service, 10, 10).await;

    let order_api = OrderApi::start_on(port.first).await;
    order_api.knows(shop.records());
    order_api.answers_only(0);
    eventually("it was refused", async || match order_api.refused() {
        0 => Err("it was not".to_owned()),
        _ => Ok(()),
    })
    .await;
    order_api.answers_again();
    elsewhere.shows(&service, 6, 14).await;
    rebuilding(&service, false).await;
    service.stop().await;
}

/// A crash before the append-only file was written: the same data set, with less in it.
#[tokio::test(flavor = "multi_thread")]
async fn redis_comes_back_without_its_last_moments() {
    let (mut redis, disk, order_api) = (PrivateRedis::start().await, Disk::new(), OrderApi::start().await);
    let config = config(&disk, &redis, &order_api);
    let service = Service::start(config.clone()).await;
    let mut shop = Shop::open(&config).await;
    shop.place(10).await;
    shop.shows(&service, 10, 0).await;
    knows_its_epoch(&config, &shop).await;
    redis.daemon.terminate().await;
    let (file, before) = (redis.daemon.recipe.folder.join("appendonlydir"), disk.path().join("before"));
    copy(&file, &before);
    redis.daemon.start_ready().await;
    shop.place(10).await;
    shop.shows(&service, 20, 0).await;

    redis.daemon.kill().await;
    fs::remove_dir_all(&file).unwrap();
    copy(&before, &file);
    shop.complete_unheard(6);
    order_api.knows(shop.records());
    redis.daemon.start_ready().await;
    shop.shows(&service, 14, 6).await;
    rebuilding(&service, false).await;
    assert_eq!(finished(&service).await, 1);
    service.stop().await;
}

/// Killed in the middle of all orders: it goes on with the page after the last one that was applied.
#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_goes_on_where_it_was_after_a_crash() {
    let (redis, disk, order_api) = (PrivateRedis::start().await, Disk::new(), OrderApi::start().await);
    let config = config(&disk, &redis, &order_api);
    let service = Service::start(config.clone()).await;
    let mut shop = Shop::open(&config).await;
    shop.place(30).await;
    shop.shows(&service, 30, 0).await;
    knows_its_epoch(&config, &shop).await;
    shop.complete_unheard(30);
    order_api.knows(shop.records());
    order_api.answers_only(2);
    flush(redis.daemon.port).await;
    shop.shows(&service, 16, 14).await;
    service.abort().await;
    let shown = numbers(&disk.projection().await);
    assert_eq!((shown.counts.completed, shown.rebuilding), (14, true));

    let asked = order_api.asked();
    order_api.answers_again();
    let service = Service::start(config).await;
    shop.shows(&service, 0, 30).await;
    rebuilding(&service, false).await;
    let after = order_api.asked().split_off(asked.len());
    let second_pass = after.iter().position(Option::is_none).unwrap();
    assert_eq!(after[0], Some(shop.records()[13].order_id));
    assert_eq!((asked.len(), second_pass, after.len()), (2, 3, 8));
    service.stop().await;
}

/// The group has been given events that the database has never seen.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_lost_is_made_anew() {
    let (redis, disk, order_api) = (PrivateRedis::start().await, Disk::new(), OrderApi::start().await);
    let before = config(&disk, &redis, &order_api);
    let service = Service::start(before.clone()).await;
    let mut shop = Shop::open(&before).await;
    shop.place(20).await;
    shop.complete(5).await;
    shop.shows(&service, 15, 5).await;
    service.stop().await;
    order_api.knows(shop.records());
    let new = Disk::new();
    let service = Service::start(config(&new, &redis, &order_api)).await;
    shop.shows(&service, 15, 5).await;
    rebuilding(&service, false).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_replicas_one_rebuilds_and_both_show_it() {
    let (postgres, redis) = (PrivatePostgres::start().await, PrivateRedis::start().await);
    let (disk, order_api) = (Disk::new(), OrderApi::start().await);
    let mut config = config(&disk, &redis, &order_api);
    config.database.url = postgres.url();
    let one = Service::start(config.clone()).await;
    config.instance = "metrics-2".into();
    let other = Service::start(config.clone()).await;
    let mut shop = Shop::open(&config).await;
    shop.place(40).await;
    shop.complete(10).await;
    for replica in [&one, &other] {
        shop.shows(replica, 30, 10).await;
    }
    knows_its_epoch(&config, &shop).await;
    shop.complete_unheard(20);
    order_api.knows(shop.records());
    flush(redis.daemon.port).await;
    for replica in [&one, &other] {
        shop.shows(replica, 10, 30).await;
        rebuilding(replica, false).await;
    }
    assert_eq!(finished(&one).await + finished(&other).await, 1);
    // Each pass, once.
    assert_eq!(order_api.asked().len(), 2 * 40_usize.div_ceil(7));
    one.stop().await;
    other.stop().await;
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}
