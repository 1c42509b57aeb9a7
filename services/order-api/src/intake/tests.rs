//! The group commit on a real SQLite file.

use contract::OrderContent;
use runtime::{
    Service,
    clock::Clock,
    config::{DatabaseConfig, Synchronous},
    db::{self, Database},
    ids::{new_order_id, random_uuid},
    metrics::Metrics,
};
use sea_orm::{EntityTrait, PaginatorTrait, Set};
use tempfile::TempDir;

use super::*;
use crate::{
    entities::{order, outbox},
    migrations::Migrator,
    orders::new_row,
    outbox::Backlog,
};

struct World {
    intake: Intake,
    writer: Writer,
    database: Database,
    _folder: TempDir,
}

/// The writer does not run yet: what is handed in gathers.
async fn world(places: usize, most_orders: usize) -> World {
    let folder = tempfile::tempdir().unwrap();
    let config = DatabaseConfig {
        url: format!("sqlite://{}", folder.path().join("orders.db").display()),
        readers: 1,
        synchronous: Synchronous::Full,
        busy_timeout_ms: 1_000,
        connect_timeout_ms: 1_000,
    };
    let database = db::connect(&config, Service::OrderApi).await.unwrap();
    database.migrate::<Migrator>().await.unwrap();
    let metrics = ApiMetrics::new(&Metrics::new(Service::OrderApi));
    let (intake, jobs) = Intake::new(places, &metrics);
    let backlog = Backlog::new(&database.reader, random_uuid());
    let writer = Writer::new(&database, jobs, most_orders, backlog, &metrics);
    World { intake, writer, database, _folder: folder }
}

fn order() -> NewOrder {
    let content: OrderContent =
        serde_json::from_str(r#"{"user_id": "u", "item_ids": ["i"], "total_amount": 1}"#).unwrap();
    NewOrder {
        row: new_row(new_order_id(&Clock::system()), &content).into(),
        traceparent: None,
        callback: None,
    }
}

fn one(order: NewOrder) -> Submission {
    Submission { orders: vec![order], once: None }
}

async fn count<E: EntityTrait>(database: &Database) -> u64
where
    E::Model: Sync,
{
    E::find().count(&database.reader).await.unwrap()
}

#[tokio::test]
async fn one_bad_row_does_not_fail_the_others_of_its_transaction() {
    let World { intake, writer, database, _folder } = world(100, 100).await;
    let twin = order();
    let submissions =
        [one(order()), one(twin.clone()), one(twin), one(order()), Submission { orders: vec![], once: None }];
    let handed_in = submissions.map(|submission| {
        let intake = intake.clone();
        tokio::spawn(async move { intake.store(submission).await })
    });
    tokio::task::yield_now().await;
    drop(intake);
    let committed = writer.commits().last;
    writer.run().await.unwrap();
    let mut answers = Vec::new();
    for answer in handed_in {
        answers.push(answer.await.unwrap());
    }
    let stored = Ok(Receipt::Stored);
    assert_eq!(answers, [stored.clone(), stored.clone(), Err(IntakeError::Storage), stored.clone(), stored]);
    assert_eq!((count::<order::Entity>(&database).await, count::<outbox::Entity>(&database).await), (3, 3));
    let rows = outbox::Entity::find().all(&database.reader).await.unwrap();
    assert!(rows.iter().all(|row| row.seq <= *committed.borrow()), "the relay would not see a row");
}

#[tokio::test]
async fn a_submission_is_stored_whole_or_not_at_all() {
    let World { intake, writer, database, _folder } = world(100, 2).await;
    let twin = order();
    let broken = Submission { orders: vec![order(), twin.clone(), twin], once: None };
    let answer = tokio::spawn(async move { intake.store(broken).await });
    tokio::task::yield_now().await;
    writer.run().await.unwrap();
    assert_eq!(answer.await.unwrap(), Err(IntakeError::Storage));
    assert_eq!((count::<order::Entity>(&database).await, count::<outbox::Entity>(&database).await), (0, 0));
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_has_room_again_afterwards() {
    let World { intake, writer, database, _folder } = world(2, 100).await;
    let waiting = [order(), order()].map(|order| {
        let intake = intake.clone();
        tokio::spawn(async move { intake.store(one(order)).await })
    });
    tokio::task::yield_now().await;
    assert_eq!(intake.store(one(order())).await, Err(IntakeError::Overloaded));
    let running = tokio::spawn(writer.run());
    for answer in waiting {
        assert_eq!(answer.await.unwrap(), Ok(Receipt::Stored));
    }
    assert_eq!(intake.store(one(order())).await, Ok(Receipt::Stored));
    drop(intake);
    running.await.unwrap().unwrap();
    assert_eq!(count::<order::Entity>(&database).await, 3);
}

/// Keys are taken for new first. Round after round, so that a repeat comes in every state of doubt.
#[tokio::test]
async fn a_repeat_among_new_requests_is_told_from_them() {
    let World { intake, writer, database, _folder } = world(100, 100).await;
    let writing = tokio::spawn(writer.run());
    let with_key = |key: &str, fingerprint: u8| {
        let once =
            Once { key: key.to_owned(), fingerprint: [fingerprint; 32], answer: key.to_owned().into() };
        Submission { orders: vec![order()], once: Some(once) }
    };
    let store = |submission: Submission| {
        let intake = intake.clone();
        tokio::spawn(async move { intake.store(submission).await })
    };
    assert_eq!(store(with_key("first", 1)).await.unwrap(), Ok(Receipt::Stored));
    let rounds = 20;
    for round in 0..rounds {
        let new = format!("key {round}");
        let together = [
            store(with_key(&new, 1)),
            store(with_key("first", 1)),
            store(one(order())),
            store(with_key("first", 2)),
            store(with_key(&new, 1)),
        ];
        let mut answers = Vec::new();
        for answer in together {
            answers.push(answer.await.unwrap());
        }
        let replayed = |key: &str| Ok(Receipt::Replayed(key.to_owned().into()));
        let expected = [
            Ok(Receipt::Stored),
            replayed("first"),
            Ok(Receipt::Stored),
            Err(IntakeError::KeyReused),
            replayed(&new),
        ];
        assert_eq!(answers, expected, "round {round}");
        // And without a repeat, which lets the doubt pass.
        for _ in 0..round % 10 {
            assert_eq!(store(one(order())).await.unwrap(), Ok(Receipt::Stored));
        }
    }
    let plain: u64 = (0..rounds).map(|round| round % 10).sum();
    assert_eq!(count::<order::Entity>(&database).await, 1 + 2 * rounds + plain);
    assert_eq!(count::<outbox::Entity>(&database).await, 1 + 2 * rounds + plain);
    drop(intake);
    writing.await.unwrap().unwrap();
}

/// More rows than one statement can bind.
#[tokio::test]
async fn many_batches_at_once_fit_in_one_transaction() {
    let World { intake, writer, database, _folder } = world(10_000, 10_000).await;
    let handed_in = [(); 5].map(|()| {
        let intake = intake.clone();
        let orders = (0..1_000).map(|_| order()).collect();
        tokio::spawn(async move { intake.store(Submission { orders, once: None }).await })
    });
    tokio::task::yield_now().await;
    drop(intake);
    writer.run().await.unwrap();
    for answer in handed_in {
        assert_eq!(answer.await.unwrap(), Ok(Receipt::Stored));
    }
    assert_eq!(count::<outbox::Entity>(&database).await, 5_000);
}

/// The row that published its first life may still be there, published by another replica and not deleted.
#[tokio::test]
async fn what_an_order_has_left_behind_does_not_stand_in_the_way_of_its_retry() {
    let World { intake, writer, database, _folder } = world(100, 100).await;
    let writing = tokio::spawn(writer.run());
    let placed = order();
    let order_id = crate::orders::order_id(&placed.row);
    intake.store(one(placed.clone())).await.unwrap();
    let retry = || {
        let wish = Wish::Retry { now: Clock::system().now() };
        intake.again(vec![Again { order_id, wish, traceparent: None }])
    };
    assert!(matches!(retry().await.unwrap()[..], [Outcome::Not(_)]));
    let failed = order::ActiveModel {
        id: Set(placed.row.id),
        status: Set("failed".to_owned()),
        version: Set(3),
        ..Default::default()
    };
    order::Entity::update(failed).exec(&database.writer).await.unwrap();
    assert!(matches!(&retry().await.unwrap()[..], [Outcome::Done(order)] if order.life == 4));
    assert!(matches!(retry().await.unwrap()[..], [Outcome::Not(_)]));
    let versions: Vec<i32> =
        outbox::Entity::find().all(&database.reader).await.unwrap().iter().map(|row| row.version).collect();
    assert_eq!(versions, [1, 4]);
    drop(intake);
    writing.await.unwrap().unwrap();
}
