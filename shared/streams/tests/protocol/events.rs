//! Events through the reader: read as the contract's type, and what is none holds up nothing.

use contract::samples;
use streams::{EventReader, announce::announce, keys::ORDER_API};

use crate::world::{World, within_deadline};

#[tokio::test]
async fn what_is_no_event_is_skipped_and_acknowledged() {
    let world = World::start().await;
    let events = world.redis.keys().events(0);
    let samples = samples::events();
    world.run::<String>(&format!("XADD {events} * type order.lost")).await;
    announce(&world.redis, 0, &[samples[0].to_fields()]).await.unwrap();
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
    announce(&world.redis, 0, &[samples[1].to_fields()]).await.unwrap();
    assert_eq!(within_deadline(reader.next(10)).await.unwrap()[0].event, samples[1]);
    let pending: Vec<fred::types::Value> = world.run(&format!("XPENDING {events} {ORDER_API} - + 10")).await;
    assert_eq!(pending.len(), 1, "only the last one");
}
