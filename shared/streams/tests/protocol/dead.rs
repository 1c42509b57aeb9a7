//! Dead letters: listed, looked at, sent again, deleted.

use streams::{
    Effect, EntryId, Finish,
    dead::{self, Redriven},
};

use crate::world::{World, ids, order, read};

/// Publishes orders and lets them die.
async fn dead_letters(world: &World, numbers: std::ops::RangeInclusive<i64>) -> Vec<EntryId> {
    world.publish(numbers.clone()).await;
    let entries = read(&mut world.worker("w"), numbers.clone().count()).await;
    let finish = |(entry, number): (&streams::Entry, i64)| Finish {
        entry: entry.id,
        order: Some(order(number)),
        effects: vec![Effect::Dead {
            reason: "unknown type".to_owned(),
            fields: entry.fields.clone().unwrap(),
        }],
    };
    let batch: Vec<_> = entries.iter().zip(numbers).map(finish).collect();
    assert!(world.finish(&batch).await.iter().all(|won| *won));
    ids(&entries)
}

#[tokio::test]
async fn they_are_listed_in_pages_with_all_they_came_with() {
    let world = World::start().await;
    assert_eq!(dead::list(&world.redis, 0, EntryId::MIN, 10).await.unwrap(), []);
    let entries = dead_letters(&world, 1..=5).await;
    let first = dead::list(&world.redis, 0, EntryId::MIN, 3).await.unwrap();
    let rest = dead::list(&world.redis, 0, first[2].id, 10).await.unwrap();
    assert_eq!((first.len(), rest.len()), (3, 2));
    let letter = &first[0];
    assert_eq!((letter.reason.as_str(), &letter.entry), ("unknown type", &Some(entries[0].to_string())));
    assert_eq!(letter.fields[1], ("subject".to_owned(), order(1).to_string()));
    assert_eq!(dead::get(&world.redis, 0, letter.id).await.unwrap().as_ref(), Some(letter));
    assert_eq!(dead::get(&world.redis, 0, EntryId::new(1, 1)).await.unwrap(), None);
}

#[tokio::test]
async fn one_that_is_sent_again_comes_as_it_was_and_is_dead_no_more() {
    let world = World::start().await;
    dead_letters(&world, 1..=2).await;
    let letters = dead::list(&world.redis, 0, EntryId::MIN, 10).await.unwrap();
    assert_eq!(world.live(1).await, None);
    assert_eq!(dead::redrive(&world.redis, 0, letters[0].id).await.unwrap(), Redriven::Done);
    assert_eq!(dead::redrive(&world.redis, 0, letters[0].id).await.unwrap(), Redriven::Gone);
    let again = read(&mut world.worker("w"), 1).await.remove(0);
    assert_eq!(again.fields.as_ref(), Some(&letters[0].fields));
    assert_eq!(world.live(1).await, Some(again.id.to_string()));
    assert!(dead::delete(&world.redis, 0, letters[1].id).await.unwrap());
    assert!(!dead::delete(&world.redis, 0, letters[1].id).await.unwrap());
    assert_eq!(world.dead().await, []);
}

#[tokio::test]
async fn an_order_that_lives_on_gets_no_second_message_from_the_dead() {
    let world = World::start().await;
    dead_letters(&world, 1..=1).await;
    let letter = dead::list(&world.redis, 0, EntryId::MIN, 1).await.unwrap().remove(0);
    let again = streams::Publication { seq: 9, ..crate::world::publication(1) };
    streams::Producer::new(&world.redis, "").publish(0, "api", &[again]).await.unwrap();
    assert_eq!(dead::redrive(&world.redis, 0, letter.id).await.unwrap(), Redriven::OrderLives);
    assert_eq!(world.dead().await.len(), 1);
}
