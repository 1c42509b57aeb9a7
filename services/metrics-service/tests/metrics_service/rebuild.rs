//! Whatever events are lost, order-api's records make the numbers what they would be: on real SQLite files.

use std::time::Duration;

use contract::{Event, EventKind, Status};
use metrics_service::projection::{
    Numbers, OrderRecord, Page, Projection, Rebuild,
    durations::Kind,
    rebuild::{Corrected, Noted, Then},
};
use proptest::{collection::vec, prelude::any, prop_assert, prop_assert_eq, test_runner::TestCaseError};
use runtime::clock::Clock;
use streams::{Delivered, EntryId, Progress};

use crate::{
    events::{History, START, completed, delivered},
    projection::{check, histories, interleaved, numbers, once, orders},
    world::Disk,
};

const LASTING: Duration = Duration::from_mins(1);

/// What is found in Redis after a loss.
fn found(epoch: &str) -> Progress {
    let id = EntryId::new(1, 0);
    Progress {
        epoch: epoch.to_owned(),
        last_event: id,
        delivered: id,
        oldest_pending: None,
        has_acknowledged: true,
    }
}

async fn lose(projection: &Projection, epoch: &str) -> Noted {
    let reached = projection.reached(0).await.unwrap();
    projection.note_loss(0, reached.as_ref(), &found(epoch), true).await.unwrap()
}

/// The page after what the rebuild has read.
fn page(records: &[OrderRecord], rebuild: &Rebuild, size: usize) -> Page {
    let rest: Vec<_> = records.iter().filter(|order| Some(order.order_id) > rebuild.after).copied().collect();
    let orders = rest[..size.min(rest.len())].to_vec();
    let next = (orders.len() < rest.len()).then(|| orders.last().map(|order| order.order_id)).flatten();
    Page { orders, next }
}

async fn claimed(projection: &Projection) -> Option<Rebuild> {
    projection.claim_rebuild("metrics-1", LASTING).await.unwrap()
}

/// Reads everything until nothing is left, with a start after every page if so wished. The answer is how many were corrected.
async fn rebuild(disk: &Disk, records: &[OrderRecord], size: usize, restarts: bool) -> usize {
    let mut projection = disk.projection().await;
    let mut corrected = 0;
    while let Some(rebuild) = claimed(&projection).await {
        assert!(numbers(&projection).rebuilding);
        let page = page(records, &rebuild, size);
        corrected += projection.correct(&rebuild, &page, Duration::ZERO).await.unwrap().orders;
        if restarts {
            let before = numbers(&projection);
            projection = disk.projection().await;
            assert_eq!(numbers(&projection), before, "what is loaded is what was in memory");
        }
    }
    assert!(!numbers(&projection).rebuilding);
    corrected
}

/// Everything that must not depend on what was lost, once it is found again.
fn agree(shown: &Numbers, expected: &Numbers, ends: &[History]) -> Result<(), TestCaseError> {
    prop_assert_eq!(shown.counts, expected.counts);
    prop_assert_eq!(shown.total_orders(), ends.len() as u64);
    let completed = Kind::ProcessingCompleted;
    prop_assert_eq!(shown.durations.of(completed), expected.durations.of(completed));
    let window = Duration::from_mins(15);
    let end = START + Duration::from_secs(810);
    let (rates, expected) = (shown.rates.over(window, end), expected.rates.over(window, end));
    prop_assert!((rates.accepted - expected.accepted).abs() < 1e-9);
    prop_assert!((rates.completed - expected.completed).abs() < 1e-9);
    Ok(())
}

/// How often an order failed: what was delivered tells, and how it ended, but not a failure in between that was lost.
fn failures(histories: &[Vec<Event>], ends: &[History], seen: &[Delivered]) -> u64 {
    let is_seen = |event: &Event| seen.iter().any(|delivered| delivered.event == *event);
    let of_one = |(events, end): (&Vec<Event>, &History)| {
        let failures = || events.iter().filter(|event| event.kind() == EventKind::Failed);
        let last_is_lost =
            end.status() == Some(Status::Failed) && !failures().next_back().is_some_and(is_seen);
        failures().filter(|event| is_seen(event)).count() as u64 + u64::from(last_is_lost)
    };
    histories.iter().zip(ends).map(of_one).sum()
}

#[test]
fn whatever_is_lost_is_found_again_and_counted_once() {
    let losses =
        (orders(), vec(any::<usize>(), 1..50), vec(any::<bool>(), 1..50), 1..10_usize, any::<bool>());
    check(losses, async |(orders, picks, kept, size, restarts)| {
        let (histories, ends) = histories(&orders);
        let stream = interleaved(histories.clone(), &picks);
        let expected = once(&stream).await;
        let (seen, _lost): (Vec<_>, Vec<_>) =
            stream.iter().cloned().zip(kept.iter().cycle()).partition(|(_, kept)| **kept);
        let seen: Vec<_> = seen.into_iter().map(|(delivered, _)| delivered).collect();
        let records: Vec<_> = ends.iter().map(History::record).collect();

        let disk = Disk::new();
        let projection = disk.projection().await;
        prop_assert_eq!(projection.apply(0, &seen).await.unwrap().ignored, []);
        prop_assert_eq!(lose(&projection, "b").await, Noted::Begun);
        rebuild(&disk, &records, size, restarts).await;
        let projection = disk.projection().await;
        let shown = numbers(&projection);
        agree(&shown, &expected, &ends)?;
        let failed = failures(&histories, &ends, &seen);
        prop_assert_eq!(shown.durations.of(Kind::ProcessingFailed).count(), failed);
        prop_assert_eq!(shown.durations.of(Kind::EndToEnd).count(), shown.counts.completed + failed);
        let waiting = shown.durations.of(Kind::Waiting).count();
        prop_assert!(waiting <= expected.durations.of(Kind::Waiting).count());

        // Once more, and then everything that was lost comes after all.
        prop_assert_eq!(lose(&projection, "c").await, Noted::Begun);
        prop_assert_eq!(rebuild(&disk, &records, size, restarts).await, 0);
        let projection = disk.projection().await;
        prop_assert_eq!(projection.apply(0, &stream).await.unwrap().applied, []);
        let again = numbers(&projection);
        prop_assert_eq!(again.durations, shown.durations);
        prop_assert_eq!((again.counts, again.rates), (shown.counts, shown.rates));
        Ok(())
    });
}

/// Events come while pages are read, some of them of what a page has told already, some from before.
#[test]
fn events_and_pages_may_come_in_any_order() {
    let mixed = (orders(), vec(any::<usize>(), 1..50), vec(any::<bool>(), 1..50), 1..10_usize);
    check(mixed, async |(orders, picks, turns, size)| {
        let (histories, ends) = histories(&orders);
        let stream = interleaved(histories, &picks);
        let expected = once(&stream).await;
        let records: Vec<_> = ends.iter().map(History::record).collect();
        let disk = Disk::new();
        let projection = disk.projection().await;
        lose(&projection, "b").await;
        let mut events = stream.chunks(3);
        for is_page in turns {
            if is_page {
                let Some(rebuild) = claimed(&projection).await else { continue };
                let page = page(&records, &rebuild, size);
                projection.correct(&rebuild, &page, Duration::ZERO).await.unwrap();
            } else if let Some(batch) = events.next() {
                projection.apply(0, batch).await.unwrap();
            }
        }
        rebuild(&disk, &records, size, false).await;
        agree(&numbers(&disk.projection().await), &expected, &ends)
    });
}

#[tokio::test]
async fn a_page_is_applied_once_and_not_for_a_rebuild_that_began_anew() {
    let disk = Disk::new();
    let projection = disk.projection().await;
    assert_eq!(claimed(&projection).await, None);
    assert_eq!(lose(&projection, "b").await, Noted::Begun);
    let records: Vec<_> = (0..4).map(completed_record).collect();
    let first = claimed(&projection).await.unwrap();
    let begins = page(&records, &first, 2);
    let corrected = projection.correct(&first, &begins, Duration::ZERO).await.unwrap();
    let Corrected { orders: 2, then: Then::GoOn(second) } = corrected else { panic!("{corrected:?}") };
    assert_eq!(claimed(&projection).await, Some(second.clone()));
    assert_eq!((second.after, second.orders_read), (Some(records[1].order_id), 2));
    let late = Corrected { orders: 0, then: Then::LookAgain };
    assert_eq!(projection.correct(&first, &begins, Duration::ZERO).await.unwrap(), late);

    assert_eq!(lose(&projection, "c").await, Noted::BegunAnew);
    let ends = page(&records, &second, 2);
    assert_eq!(projection.correct(&second, &ends, Duration::ZERO).await.unwrap(), late);
    assert_eq!(numbers(&projection).counts.completed, 2);
    assert_eq!(claimed(&projection).await.unwrap().after, None);
    assert_eq!(rebuild(&disk, &records, 3, true).await, 2);
    assert_eq!(numbers(&disk.projection().await).counts.completed, 4);
}

#[tokio::test]
async fn one_replica_at_a_time_and_the_second_pass_when_it_is_due() {
    let disk = Disk::new();
    let clock = Clock::manual(START);
    let projection = Projection::new(disk.database().await, clock.clone());
    assert_eq!(lose(&projection, "b").await, Noted::Begun);
    let claim = async |instance| projection.claim_rebuild(instance, LASTING).await.unwrap();
    let first = claim("metrics-1").await.unwrap();
    assert_eq!(claim("metrics-2").await, None);
    assert_eq!(claim("metrics-1").await, Some(first.clone()));
    clock.advance(LASTING);
    assert_eq!(claim("metrics-2").await, Some(first.clone()));
    assert_eq!(claim("metrics-1").await, None);

    let all = Page { orders: vec![completed_record(1)], next: None };
    let corrected = projection.correct(&first, &all, LASTING).await.unwrap();
    assert!(matches!(corrected.then, Then::GoOn(_)), "{corrected:?}");
    assert_eq!(claim("metrics-2").await, None, "the second pass is not due");
    clock.advance(LASTING);
    let second = claim("metrics-1").await.unwrap();
    assert_eq!(claim("metrics-2").await, None);
    let corrected = projection.correct(&second, &all, LASTING).await.unwrap();
    let Then::Finished(done) = corrected.then else { panic!("{corrected:?}") };
    assert_eq!((corrected.orders, done.orders_read, done.orders_corrected), (0, 2, 1));
    assert_eq!(claim("metrics-2").await, None);
}

/// Its failure was lost, and what undid it was not: known to have failed, and not yet measured.
#[tokio::test]
async fn a_failure_that_is_known_by_what_came_after_it_is_measured() {
    let disk = Disk::new();
    let projection = disk.projection().await;
    let mut history = History::new(1);
    let events = [EventKind::Placed, EventKind::Processing, EventKind::Failed, EventKind::Compensated]
        .map(|kind| history.next(kind, Duration::from_secs(1)));
    let mut stream = delivered(1, events);
    stream.remove(2);
    projection.apply(0, &stream).await.unwrap();
    assert_eq!(numbers(&projection).durations.of(Kind::EndToEnd).count(), 0);
    lose(&projection, "b").await;
    assert_eq!(rebuild(&disk, &[history.record()], 10, false).await, 1);
    let shown = numbers(&disk.projection().await);
    assert_eq!((shown.counts.failed, shown.total_orders()), (1, 1));
    assert_eq!(shown.durations.of(Kind::ProcessingFailed).count(), 1);
}

#[tokio::test]
async fn a_loss_moves_the_position_and_is_noted_once() {
    let disk = Disk::new();
    let projection = disk.projection().await;
    projection.apply(0, &delivered(10, completed(1))).await.unwrap();
    projection.name_epoch(0, "a").await.unwrap();
    projection.name_epoch(0, "never").await.unwrap();
    let reached = projection.reached(0).await.unwrap().unwrap();
    assert_eq!((reached.epoch.as_str(), reached.entry), ("a", EntryId::new(12, 0)));
    for (epoch, expected) in [("a", Noted::Begun), ("a", Noted::Known)] {
        let noted = projection.note_loss(0, Some(&reached), &found(epoch), true).await.unwrap();
        assert_eq!(noted, expected);
    }
    for (epoch, expected) in [("b", Noted::NoRebuild), ("b", Noted::Known)] {
        let noted = projection.note_loss(0, Some(&reached), &found(epoch), false).await.unwrap();
        assert_eq!(noted, expected);
    }
    for shown in [numbers(&projection), numbers(&disk.projection().await)] {
        assert_eq!(shown.positions[&0].entry, EntryId::new(1, 0));
        assert!(shown.rebuilding);
        assert_eq!(shown.counts.completed, 1, "what was counted stays");
    }
}

fn completed_record(number: u128) -> OrderRecord {
    let mut history = History::new(number);
    for kind in [EventKind::Placed, EventKind::Processing, EventKind::Completed] {
        history.next(kind, Duration::from_secs(1));
    }
    history.record()
}
