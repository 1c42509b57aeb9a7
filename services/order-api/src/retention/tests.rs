//! What goes, what stays, and that two who delete at once leave the same. Time is moved by hand.

use contract::{OrderContent, Status};
use fred::interfaces::HashesInterface;
use runtime::{
    Service,
    config::{DatabaseConfig, Synchronous},
    db,
    ids::{new_order_id, random_uuid},
    metrics::Metrics,
};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, PaginatorTrait, Set};
use streams::RedisOptions;
use system_tests::{plans::Plans, postgres::PrivatePostgres, redis::PrivateRedis};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    entities::{idempotency_key, order, order_event, outbox, producer},
    migrations::Migrator,
    orders::{find, new_row, order_id},
};

const DAY: Duration = Duration::from_hours(24);
/// Nobody listens there, and nobody connects.
const NO_REDIS: &str = "redis://127.0.0.1:1";
const NOON: Timestamp = Timestamp::from_micros(1_764_000_000_000_000);

struct World {
    retention: Retention,
    _folder: TempDir,
}

impl World {
    /// Final orders are kept for a day. There is no Redis.
    async fn sqlite() -> Self {
        Self::sqlite_with(NO_REDIS.to_owned()).await
    }

    async fn sqlite_with(redis: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("orders.db").display());
        Self::at(url, redis, folder).await
    }

    async fn at(url: String, redis: String, folder: TempDir) -> Self {
        let config = DatabaseConfig {
            url,
            readers: 2,
            synchronous: Synchronous::Full,
            busy_timeout_ms: 1_000,
            connect_timeout_ms: 30_000,
        };
        let database = db::connect(&config, Service::OrderApi).await.unwrap();
        database.migrate::<Migrator>().await.unwrap();
        let retention = Retention {
            database,
            redis: Redis::new(&RedisOptions::new(redis)).unwrap(),
            clock: Clock::manual(NOON),
            own: random_uuid(),
            config: RetentionConfig { interval_ms: 1_000, idempotency_key_hours: 24, final_order_days: 1 },
            webhooks_kept: Duration::from_hours(24 * 7),
            metrics: ApiMetrics::new(&Metrics::new(Service::OrderApi)),
        };
        Self { retention, _folder: folder }
    }

    /// An order placed now, and so much later in this status, with two rows of a timeline.
    async fn order(&self, status: Status, later: Duration) -> order::Model {
        let content: OrderContent =
            serde_json::from_str(r#"{"user_id": "u", "item_ids": ["i"], "total_amount": 1}"#).unwrap();
        let placed = new_row(new_order_id(&self.retention.clock), &content);
        let updated_at = placed.updated_at + later.as_micros() as i64;
        let row = order::Model { status: status.as_str().to_owned(), version: 3, updated_at, ..placed };
        let writer = &self.retention.database.writer;
        row.clone().into_active_model().insert(writer).await.unwrap();
        for version in [2, 3] {
            let (order_id, kind, data) = (row.id, "order.processing".to_owned(), "{}".to_owned());
            let event = order_event::Model { order_id, version, kind, occurred_at: updated_at, data };
            event.into_active_model().insert(writer).await.unwrap();
        }
        row
    }

    async fn key(&self, key: &str) {
        let created_at = self.retention.clock.now().as_micros();
        let row =
            idempotency_key::Model { key: key.to_owned(), fingerprint: vec![], answer: vec![], created_at };
        row.into_active_model().insert(&self.retention.database.writer).await.unwrap();
    }

    async fn waits(&self, order: &order::Model, producer: Uuid, seq: i64) {
        let row = outbox::Model {
            producer,
            seq,
            order_id: order.id,
            kind: "place".to_owned(),
            version: 1,
            attempt: 1,
            steps: None,
            traceparent: None,
        };
        row.into_active_model().insert(&self.retention.database.writer).await.unwrap();
    }

    async fn published_all(&self) {
        outbox::Entity::delete_many().exec(&self.retention.database.writer).await.unwrap();
    }

    async fn is_there(&self, order: &order::Model) -> bool {
        find(&self.retention.database.reader, order_id(order)).await.unwrap().is_some()
    }

    async fn count<E: EntityTrait>(&self) -> u64
    where
        E::Model: Sync,
    {
        E::find().count(&self.retention.database.reader).await.unwrap()
    }

    fn deleted(&self, what: &str) -> u64 {
        self.retention.metrics.pruned.with_label_values(&[what]).get()
    }
}

#[tokio::test]
async fn a_key_is_remembered_for_as_long_as_was_said_and_then_forgotten() {
    let world = World::sqlite().await;
    // More than one step.
    for number in 0..450 {
        world.key(&format!("basket-{number}")).await;
    }
    world.retention.clock.advance(Duration::from_hours(1));
    world.key("later").await;
    world.retention.clock.advance(Duration::from_hours(23));
    world.retention.prune().await.unwrap();
    assert_eq!(world.count::<idempotency_key::Entity>().await, 451);
    world.retention.clock.advance(Duration::from_secs(1));
    world.retention.prune().await.unwrap();
    let left = idempotency_key::Entity::find().all(&world.retention.database.reader).await.unwrap();
    assert_eq!(left.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["later"]);
    assert_eq!(world.deleted("idempotency_key"), 450);
}

async fn only_what_is_final_for_long_enough_goes(world: &World) {
    use Status::{Cancelled, Completed, Failed, Pending, Processing};
    let mut gone = Vec::new();
    let mut kept = Vec::new();
    for status in [Completed, Failed, Cancelled] {
        gone.push(world.order(status, Duration::ZERO).await);
        // Its end came later than it was placed.
        kept.push(world.order(status, DAY).await);
    }
    for status in [Pending, Processing] {
        kept.push(world.order(status, Duration::ZERO).await);
    }
    let undone = world.order(Failed, Duration::ZERO).await;
    let undone = order::ActiveModel { id: Set(undone.id), compensating: Set(true), ..Default::default() };
    kept.push(undone.update(&world.retention.database.writer).await.unwrap());
    let published_late = world.order(Completed, Duration::ZERO).await;
    world.waits(&published_late, world.retention.own, 1).await;
    for _ in 0..210 {
        gone.push(world.order(Completed, Duration::ZERO).await);
    }

    world.retention.clock.advance(DAY);
    world.retention.prune().await.unwrap();
    assert_eq!(world.deleted("order"), 0, "it is not yet time");
    world.retention.clock.advance(Duration::from_secs(1));
    world.retention.prune().await.unwrap();
    for order in &gone {
        assert!(!world.is_there(order).await, "{order:?}");
    }
    for order in kept.iter().chain([&published_late]) {
        assert!(world.is_there(order).await, "{order:?}");
    }
    let left = kept.len() as u64 + 1;
    assert_eq!(
        world.count::<order_event::Entity>().await,
        2 * left,
        "timelines go with their orders, and only those"
    );
    assert_eq!((world.deleted("order"), world.deleted("order_event")), (213, 426));

    world.published_all().await;
    world.retention.prune().await.unwrap();
    assert!(!world.is_there(&published_late).await);
    assert_eq!(world.count::<order::Entity>().await, left - 1);
}

#[tokio::test]
async fn final_orders_go_with_their_timelines_and_no_other_is_looked_at() {
    let (mut world, plans) = (World::sqlite().await, Plans::default());
    let database = world.retention.database.clone();
    plans.watch(&mut world.retention.database.reader);
    plans.watch(&mut world.retention.database.writer);
    world.key("basket").await;
    only_what_is_final_for_long_enough_goes(&world).await;
    let deletes =
        ["idempotency_keys", "orders", "order_events"].map(|table| format!("DELETE FROM \"{table}\""));
    assert!(plans.missing(&deletes.each_ref().map(String::as_str)).is_empty());
    // This test counts what is left.
    let scans = plans.scans(&database.reader, &["outbox"]).await;
    let scans: Vec<_> = scans.iter().filter(|scan| !scan.contains("COUNT(*)")).collect();
    assert!(scans.is_empty(), "{scans:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn final_orders_go_on_postgresql_too() {
    let postgres = PrivatePostgres::start().await;
    let folder = tempfile::tempdir().unwrap();
    let world = World::at(postgres.url(), NO_REDIS.to_owned(), folder).await;
    only_what_is_final_for_long_enough_goes(&world).await;
}

/// An order that is found, and asked for again before it is deleted, lives.
#[tokio::test]
async fn what_is_retried_in_the_last_moment_stays() {
    let world = World::sqlite().await;
    let order = world.order(Status::Failed, Duration::ZERO).await;
    world.retention.clock.advance(DAY + DAY);
    let before = world.retention.earlier(DAY);
    let found = orders::some(&world.retention.database, before, None).await.unwrap();
    assert_eq!(found, [order.id]);
    let retried =
        order::ActiveModel { id: Set(order.id), status: Set("pending".to_owned()), ..Default::default() };
    retried.update(&world.retention.database.writer).await.unwrap();
    let deleted = orders::delete(&world.retention.database, before, found).await.unwrap();
    assert_eq!(deleted, orders::Deleted::default());
    assert!(world.is_there(&order).await);
    assert_eq!(world.count::<order_event::Entity>().await, 2);
}

#[tokio::test]
async fn final_orders_are_kept_unless_it_is_asked_for() {
    let mut world = World::sqlite().await;
    world.retention.config.final_order_days = 0;
    let order = world.order(Status::Completed, Duration::ZERO).await;
    world.retention.clock.advance(DAY * 10_000);
    world.retention.prune().await.unwrap();
    assert!(world.is_there(&order).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_that_delete_at_once_delete_everything_once() {
    let postgres = PrivatePostgres::start().await;
    let start = async || World::at(postgres.url(), NO_REDIS.to_owned(), tempfile::tempdir().unwrap()).await;
    let (one, other) = (start().await, start().await);
    for number in 0..500 {
        one.order(Status::Completed, Duration::ZERO).await;
        one.key(&format!("basket-{number}")).await;
    }
    for world in [&one, &other] {
        world.retention.clock.advance(DAY + DAY);
    }
    let (a, b) = tokio::join!(one.retention.prune(), other.retention.prune());
    a.unwrap();
    b.unwrap();
    // What one passed over because the other had it, the other has deleted.
    assert_eq!((one.count::<order::Entity>().await, one.count::<idempotency_key::Entity>().await), (0, 0));
    assert_eq!(one.count::<order_event::Entity>().await, 0);
    for (what, all) in [("order", 500), ("order_event", 1_000), ("idempotency_key", 500)] {
        assert_eq!(one.deleted(what) + other.deleted(what), all, "{what}");
    }
}

/// The names of earlier runs go; that of this run, that of one which runs beside it, and those with something to publish stay.
#[tokio::test(flavor = "multi_thread")]
async fn a_producer_is_forgotten_when_it_is_long_gone() {
    let redis = PrivateRedis::start().await;
    let world = World::sqlite_with(redis.url()).await;
    let Retention { redis, clock, own, database, .. } = &world.retention;
    assert!(redis.wait_until_ready(&CancellationToken::new()).await);
    let (ended, beside, unpublished) = (random_uuid(), random_uuid(), random_uuid());
    let all = [*own, ended, beside, unpublished];
    let hash = redis.keys().published(0);
    for producer in all {
        let _: u64 = redis.client().hset(&hash, (producer.as_simple().to_string(), 7)).await.unwrap();
    }
    let _: u64 = redis.client().hset(&hash, ("somebody else", 7)).await.unwrap();
    let order = world.order(Status::Pending, Duration::ZERO).await;
    world.waits(&order, unpublished, 8).await;
    let names = async || {
        let names = streams::published::producers(redis, 0).await.unwrap();
        all.map(|producer| names.contains(&producer.as_simple().to_string()))
    };

    world.retention.forget_producers().await.unwrap();
    for _ in 0..24 {
        clock.advance(Duration::from_mins(59));
        world.retention.forget_producers().await.unwrap();
        producers::forget(database, redis, beside, clock.now()).await.unwrap();
    }
    assert_eq!(names().await, [true; 4], "nobody is gone for a day");
    clock.advance(Duration::from_mins(59));
    world.retention.forget_producers().await.unwrap();
    assert_eq!(names().await, [true, false, true, true]);

    // It is published now, by whoever; its name is kept for a day more.
    world.published_all().await;
    clock.advance(Duration::from_hours(22));
    producers::forget(database, redis, beside, clock.now()).await.unwrap();
    world.retention.forget_producers().await.unwrap();
    assert_eq!(names().await, [true, false, true, true]);
    clock.advance(Duration::from_hours(2));
    world.retention.forget_producers().await.unwrap();
    assert_eq!(names().await, [true, false, true, false]);
    assert_eq!(world.deleted("producer"), 2);
    assert_eq!(world.count::<producer::Entity>().await, 2);
    assert!(streams::published::producers(redis, 0).await.unwrap().contains(&"somebody else".to_owned()));
}
