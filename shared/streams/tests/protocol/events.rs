//! Events through the reader: read as the contract's type, and what is none holds up nothing.

use contract::samples;
use streams::{EventReader, events::ABANDONED, keys::ORDER_API};

use crate::world::{World, within_deadline};

#[tokio::test]
async fn what_is_no_event_is_skipped_and_acknowledged() {
    let world = World::start().await;
    let events = world.redis.keys().events(0);
    let samples = samples::events();
    world.run::<String>(&format!("XADD {events} * type order.lost")).await;
    world.emit(&[samples[0].to_fields()]).await;
    world.run::<String>(&format!("XADD {events} * hello world")).await;

    let mut reader = EventReader::new(&world.redis, 0, ORDER_API, "api-1").unwrap();
    let mut delivered = Vec::new();
    within_deadline(async {
        while delivered.is_empty() {
            delivered = reader.next(10).await.unwrap();
        }
    })
    .await;
    assert_eq!(delivered.len(), 1);
    assert_eq!((&delivered[0].event, delivered[0].redelivered), (&samples[0], false));

    reader.rewind();
    let again = within_deadline(reader.next(10)).await.unwrap();
    assert_eq!((again.len(), again[0].redelivered), (1, true));
    reader.ack(&[again[0].id]).await.unwrap();
    world.emit(&[samples[1].to_fields()]).await;
    assert_eq!(within_deadline(reader.next(10)).await.unwrap()[0].event, samples[1]);
    let pending: Vec<fred::types::Value> = world.run(&format!("XPENDING {events} {ORDER_API} - + 10")).await;
    assert_eq!(pending.len(), 1, "only the last one");
}

#[tokio::test]
async fn what_another_left_behind_is_taken_over_and_what_it_still_has_is_not() {
    let world = World::start().await;
    let samples = samples::events();
    let fields: Vec<_> = samples.iter().map(contract::Event::to_fields).collect();
    world.emit(&fields[..3]).await;
    let mut gone = EventReader::new(&world.redis, 0, ORDER_API, "gone").unwrap();
    let left = within_deadline(gone.next(10)).await.unwrap();
    assert_eq!(left.len(), 3);
    let events = world.redis.keys().events(0);
    for delivered in &left[..2] {
        let (id, idle) = (delivered.id, ABANDONED.as_millis());
        let claim = format!("XCLAIM {events} {ORDER_API} gone 0 {id} IDLE {idle} JUSTID");
        assert_eq!(world.run::<Vec<String>>(&claim).await, [id.to_string()]);
    }
    world.emit(&fields[3..4]).await;

    let mut other = EventReader::new(&world.redis, 0, ORDER_API, "other").unwrap();
    let taken = within_deadline(other.next(10)).await.unwrap();
    let ids = |delivered: &[streams::Delivered]| delivered.iter().map(|it| it.id).collect::<Vec<_>>();
    assert_eq!(ids(&taken), ids(&left[..2]));
    assert!(taken.iter().all(|delivered| delivered.redelivered));
    let fresh = within_deadline(other.next(10)).await.unwrap();
    assert_eq!((fresh.len(), &fresh[0].event, fresh[0].redelivered), (1, &samples[3], false));
    other.ack(&ids(&taken)).await.unwrap();
    other.ack(&ids(&fresh)).await.unwrap();
    let pending: Vec<fred::types::Value> = world.run(&format!("XPENDING {events} {ORDER_API} - + 10")).await;
    assert_eq!(pending.len(), 1, "the one that the first still has");
}
