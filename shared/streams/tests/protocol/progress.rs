//! How far a group is, and whether the stream is still the one that it followed.

use streams::{EntryId, EventReader, keys::ORDER_API, progress::progress};

use crate::world::{World, within_deadline};

#[tokio::test]
async fn a_group_is_through_when_everything_up_to_there_is_acknowledged() {
    let world = World::start().await;
    let empty = progress(&world.redis, 0, ORDER_API).await.unwrap();
    assert_eq!((empty.epoch.as_str(), empty.last_event), ("", EntryId::MIN));
    assert!(empty.is_through(EntryId::MIN));

    let samples: Vec<_> = contract::samples::events().iter().map(contract::Event::to_fields).collect();
    world.publish([1]).await;
    world.emit(&samples[..3]).await;
    let events: Vec<_> = world.events().await.into_iter().map(|event| event.id).collect();
    let mut reader = EventReader::new(&world.redis, 0, ORDER_API, "api-1").unwrap();
    // The first is no event that can be read; it is passed over.
    let taken = within_deadline(reader.next(3)).await.unwrap();
    assert_eq!(taken.len(), 2);
    let now = progress(&world.redis, 0, ORDER_API).await.unwrap();
    assert_eq!((now.last_event, now.delivered, now.epoch.is_empty()), (events[3], events[2], false));
    assert!(!now.is_through(events[2]));
    reader.ack(&[taken[0].id, taken[1].id]).await.unwrap();
    within_deadline(reader.next(3)).await.unwrap();
    let now = progress(&world.redis, 0, ORDER_API).await.unwrap();
    assert!(now.is_through(events[2]) && !now.is_through(events[3]), "{now:?}");

    world.run::<()>("FLUSHALL").await;
    let gone = progress(&world.redis, 0, ORDER_API).await.unwrap();
    assert_eq!((gone.epoch.as_str(), gone.last_event), ("", EntryId::MIN));
    assert!(!gone.is_through(events[0]));
}

#[tokio::test]
async fn what_was_only_delivered_is_not_acknowledged() {
    let world = World::start().await;
    let has_acknowledged = async || progress(&world.redis, 0, ORDER_API).await.unwrap().has_acknowledged;
    let mut reader = EventReader::new(&world.redis, 0, ORDER_API, "api-1").unwrap();
    let samples: Vec<_> = contract::samples::events().iter().map(contract::Event::to_fields).collect();
    assert!(!has_acknowledged().await, "there is no group");
    world.emit(&samples[..2]).await;
    let taken = within_deadline(reader.next(2)).await.unwrap();
    assert_eq!(taken.len(), 2);
    assert!(!has_acknowledged().await);
    reader.ack(&[taken[1].id]).await.unwrap();
    assert!(has_acknowledged().await);
}
