//! The running service beside a real Redis.

use contract::{Event, Fields, MetricsSnapshot};
use fred::interfaces::StreamsInterface;
use metrics_service::http::Stats;
use poem_openapi::types::ParseFromJSON;
use streams::{EventReader, keys::METRICS_SERVICE, snapshot};
use system_tests::{eventually, redis::PrivateRedis};

use crate::{
    events::completed,
    shop::Shop,
    world::{Disk, Service},
};

#[tokio::test(flavor = "multi_thread")]
async fn events_become_numbers() {
    let (redis, disk) = (PrivateRedis::start().await, Disk::new());
    let config = disk.config(&redis.url());
    let service = Service::start(config.clone()).await;
    let mut shop = Shop::open(&config).await;
    shop.place(30).await;
    shop.shows(&service, 30, 0).await;
    shop.complete(20).await;
    let stats = shop.shows(&service, 10, 20).await;

    let stats = Stats::parse_from_json(Some(stats)).unwrap();
    assert_eq!((stats.total_orders, stats.total_orders_processed), (30, 20));
    assert!((stats.average_processing_time_seconds - 1.0).abs() < 1e-9);
    for (durations, seconds) in [
        (&stats.durations.waiting, 1.0),
        (&stats.durations.processing, 1.0),
        (&stats.durations.end_to_end, 2.0),
    ] {
        assert_eq!(durations.count, 20);
        assert!((durations.p99_seconds / seconds - 1.0).abs() < 0.001, "{durations:?}");
    }
    eventually("nothing waits", async || {
        let partition = &service.stats().await?["partitions"][0];
        let done = partition["undelivered"] == 0 && partition["unacknowledged"] == 0;
        if done { Ok(()) } else { Err(partition.to_string()) }
    })
    .await;

    let text = service.text("/metrics").await;
    for line in [
        r#"orderflow_projection_events_total{result="applied",type="order.placed"} 30"#,
        r#"orderflow_projection_events_total{result="applied",type="order.completed"} 20"#,
        r#"orderflow_orders{status="completed"} 20"#,
        r#"orderflow_projection_lag_events{partition="0"} 0"#,
    ] {
        assert!(text.contains(line), "no {line} in {text}");
    }
    service.stop().await;
}

/// The crash between commit and acknowledgement: the events are pending under the instance's name.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_applied_and_not_acknowledged_is_counted_once() {
    let (redis, disk) = (PrivateRedis::start().await, Disk::new());
    let config = disk.config(&redis.url());
    let mut shop = Shop::open(&config).await;
    shop.place(10).await;
    shop.complete(10).await;

    let mut reader = EventReader::new(&shop.redis, 0, METRICS_SERVICE, &config.instance).unwrap();
    let projection = disk.projection().await;
    let batch = reader.next(15).await.unwrap();
    assert_eq!(batch.len(), 15);
    projection.apply(0, &batch).await.unwrap();
    drop((reader, projection));

    let service = Service::start(config).await;
    shop.shows(&service, 0, 10).await;
    let text = service.text("/metrics").await;
    assert!(text.contains(r#"{result="ignored",type="order.placed"} 10"#), "{text}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_go_on_where_they_were_after_a_stop_and_after_an_abort() {
    let (redis, disk) = (PrivateRedis::start().await, Disk::new());
    let config = disk.config(&redis.url());
    let mut shop = Shop::open(&config).await;
    let service = Service::start(config.clone()).await;
    shop.place(40).await;
    shop.complete(10).await;
    service.stop().await;

    let service = Service::start(config.clone()).await;
    shop.complete(10).await;
    service.abort().await;

    let service = Service::start(config).await;
    shop.complete(10).await;
    shop.shows(&service, 10, 30).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_snapshot_is_written_at_the_end() {
    let (redis, disk) = (PrivateRedis::start().await, Disk::new());
    let mut config = disk.config(&redis.url());
    // Nothing but the first and the last one gets out.
    config.projection.snapshot_interval_ms = 3_600_000;
    config.projection.watch_interval_ms = 3_600_000;
    let mut shop = Shop::open(&config).await;
    let service = Service::start(config).await;
    eventually("the first snapshot", async || {
        let first = snapshot::get(&shop.redis).await.map_err(|error| error.to_string())?;
        first.ok_or_else(|| "there is none".to_owned())
    })
    .await;
    shop.place(5).await;
    eventually("5 are counted", async || {
        let stats = service.stats().await?;
        if stats["total_orders"] == 5 { Ok(()) } else { Err(stats.to_string()) }
    })
    .await;
    service.stop().await;
    let last = snapshot::get(&shop.redis).await.unwrap().unwrap();
    let last: MetricsSnapshot = serde_json::from_str(&last).unwrap();
    assert_eq!(last.order_status_counts.pending, 5);
}

/// Announced twice, as after an answer that got lost; and something that is no event.
#[tokio::test(flavor = "multi_thread")]
async fn repeats_and_nonsense_in_the_stream_do_no_harm() {
    let (redis, disk) = (PrivateRedis::start().await, Disk::new());
    let config = disk.config(&redis.url());
    let service = Service::start(config.clone()).await;
    let shop = Shop::open(&config).await;
    let events: Vec<Fields> = completed(1).iter().map(Event::to_fields).collect();
    let nonsense = vec![("hello", "world".to_owned())];
    for fields in events.iter().chain([&nonsense]).chain(&events) {
        let key = shop.redis.keys().events(0);
        let _: String = shop.redis.client().xadd(key, false, None, "*", fields.clone()).await.unwrap();
    }
    shop.shows(&service, 0, 1).await;
    eventually("all is acknowledged", async || {
        let partition = &service.stats().await?["partitions"][0];
        let done = partition["undelivered"] == 0 && partition["unacknowledged"] == 0;
        if done { Ok(()) } else { Err(partition.to_string()) }
    })
    .await;
    service.stop().await;
}
