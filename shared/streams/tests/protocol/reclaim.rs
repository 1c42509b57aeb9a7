//! A dead worker's messages find another; a living worker's stay.

use std::time::Duration;

use streams::{Reclaimer, reclaim};

use crate::world::{World, delivered, ids, orders, read};

const LONG: Duration = Duration::from_secs(1_000);
const VISIBILITY: Duration = Duration::from_secs(500);

#[tokio::test]
async fn only_what_nobody_kept_alive_is_taken_over() {
    let world = World::start().await;
    world.publish(1..=3).await;
    let held = ids(&read(&mut world.worker("dead"), 3).await);
    let other = world.worker("other");
    let mut reclaimer = Reclaimer::new(&world.redis, 0, "other", other.in_hand());
    assert!(reclaimer.reclaim(VISIBILITY, 10).await.unwrap().is_empty());

    world.age(&held[..2], "dead", LONG).await;
    let taken = reclaimer.reclaim(VISIBILITY, 10).await.unwrap();
    assert_eq!(delivered(&taken), orders([1, 2]));
    assert!(taken.iter().all(|entry| entry.redelivered));
    assert_eq!(other.in_hand().ids(), held[..2]);
    let owners: Vec<_> = world.pending().await.into_iter().map(|(_, owner)| owner).collect();
    assert_eq!(owners, ["other", "other", "dead"]);
}

#[tokio::test]
async fn a_worker_takes_over_no_more_than_it_has_room_for_and_goes_on_later() {
    let world = World::start().await;
    world.publish(1..=25).await;
    let held = ids(&read(&mut world.worker("dead"), 25).await);
    world.age(&held, "dead", LONG).await;
    let mut reclaimer = Reclaimer::new(&world.redis, 0, "other", world.worker("other").in_hand());
    let mut taken = Vec::new();
    for expected in [10, 10, 5, 0] {
        let more = ids(&reclaimer.reclaim(VISIBILITY, 10).await.unwrap());
        assert_eq!(more.len(), expected);
        taken.extend(more);
    }
    assert_eq!(taken, held);
    assert!(reclaimer.reclaim(VISIBILITY, 0).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_heartbeat_keeps_what_is_in_hand() {
    let world = World::start().await;
    world.publish(1..=3).await;
    let mut slow = world.worker("slow");
    let held = ids(&read(&mut slow, 3).await);
    world.age(&held, "slow", LONG).await;
    let heart = Reclaimer::new(&world.redis, 0, "slow", slow.in_hand());
    assert!(heart.heartbeat().await.unwrap().is_empty());
    let mut reclaimer = Reclaimer::new(&world.redis, 0, "other", world.worker("other").in_hand());
    assert!(reclaimer.reclaim(VISIBILITY, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_late_heartbeat_does_not_steal_back() {
    let world = World::start().await;
    world.publish(1..=3).await;
    let mut stalled = world.worker("stalled");
    let held = ids(&read(&mut stalled, 3).await);
    world.age(&held[1..2], "stalled", LONG).await;
    let mut reclaimer = Reclaimer::new(&world.redis, 0, "other", world.worker("other").in_hand());
    assert_eq!(ids(&reclaimer.reclaim(VISIBILITY, 10).await.unwrap()), held[1..2]);
    stalled.ack(&held[2..]).await.unwrap();

    let lost = reclaim::heartbeat(&world.redis, 0, "stalled", &held).await.unwrap();
    assert_eq!(lost, held[1..], "one is another's, one is finished");
    assert_eq!(world.pending().await, [(held[0], "stalled".to_owned()), (held[1], "other".to_owned())]);
}

#[tokio::test]
async fn a_worker_is_not_given_again_what_it_has_in_hand() {
    let world = World::start().await;
    world.publish(1..=2).await;
    let mut late = world.worker("late");
    let held = ids(&read(&mut late, 2).await);
    world.age(&held, "late", LONG).await;
    let mut reclaimer = Reclaimer::new(&world.redis, 0, "late", late.in_hand());
    assert!(reclaimer.reclaim(VISIBILITY, 10).await.unwrap().is_empty());
    assert_eq!(late.in_hand().ids(), held);
}

#[tokio::test]
async fn where_the_group_is_gone_nothing_is_ours() {
    let world = World::start().await;
    world.publish([1]).await;
    let mut worker = world.worker("w");
    let held = ids(&read(&mut worker, 1).await);
    world.run::<String>("FLUSHALL").await;
    let mut reclaimer = Reclaimer::new(&world.redis, 0, "w", worker.in_hand());
    assert_eq!(reclaimer.heartbeat().await.unwrap(), held);
    assert!(reclaimer.reclaim(Duration::ZERO, 10).await.unwrap().is_empty());
    assert!(reclaim::heartbeat(&world.redis, 0, "w", &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_deleted_entry_is_not_taken_over() {
    let world = World::start().await;
    world.publish(1..=2).await;
    let held = ids(&read(&mut world.worker("dead"), 2).await);
    world.age(&held, "dead", LONG).await;
    world.run::<i64>(&format!("XDEL orderflow:{{0}}:queue {}", held[0])).await;
    let mut reclaimer = Reclaimer::new(&world.redis, 0, "other", world.worker("other").in_hand());
    assert_eq!(ids(&reclaimer.reclaim(VISIBILITY, 10).await.unwrap()), held[1..]);
    assert_eq!(world.pending().await.len(), 1);
}
