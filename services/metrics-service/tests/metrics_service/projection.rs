//! Each event counts once, however it is delivered: on real SQLite files, with starts in between.

use std::time::Duration;

use contract::{Event, EventKind, Status};
use metrics_service::{
    Config as MetricsConfig,
    projection::{Numbers, Projection, durations::Kind},
};
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any},
    prop_assert_eq,
    test_runner::{Config, TestRunner},
};
use streams::Delivered;

use crate::{
    events::{History, START, completed, delivered},
    world::{Disk, projection},
};

/// What happens to one order: at each step a choice among what is possible, and the milliseconds until then.
pub(crate) type Choices = Vec<(usize, u64)>;

/// The orders' events, and how each order ends.
pub(crate) fn histories(choices: &[Choices]) -> (Vec<Vec<Event>>, Vec<History>) {
    let history = |(number, choices): (u128, &Choices)| {
        let mut history = History::new(number);
        let mut events = vec![history.next(EventKind::Placed, Duration::ZERO)];
        for (choice, millis) in choices {
            let possible = history.possible();
            if let Some(kind) = possible.get(choice % possible.len().max(1)) {
                events.push(history.next(*kind, Duration::from_millis(*millis)));
            }
        }
        (events, history)
    };
    (0..).zip(choices).map(history).unzip()
}

/// One stream of all events, in which those of each order keep their order.
pub(crate) fn interleaved(histories: Vec<Vec<Event>>, picks: &[usize]) -> Vec<Delivered> {
    let mut rest: Vec<_> = histories.into_iter().map(Vec::into_iter).collect();
    let mut picks = picks.iter().cycle();
    let mut events = Vec::new();
    loop {
        rest.retain(|events| events.len() > 0);
        if rest.is_empty() {
            return delivered(1, events);
        }
        let picked = picks.next().expect("there are picks") % rest.len();
        events.extend(rest[picked].next());
    }
}

/// How the stream is delivered.
#[derive(Clone, Debug)]
enum Step {
    /// This many more entries.
    Deliver(usize),
    /// The last so many once more, as after a lost acknowledgement.
    Redeliver(usize),
    /// One entry from anywhere before, as an announcement that was sent twice.
    Repeat(usize),
    /// Everything but the database is lost.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    proptest::prop_oneof![
        4 => (1..40_usize).prop_map(Step::Deliver),
        2 => (1..40_usize).prop_map(Step::Redeliver),
        1 => any::<usize>().prop_map(Step::Repeat),
        1 => Just(Step::Restart),
    ]
}

pub(crate) fn orders() -> impl Strategy<Value = Vec<Choices>> {
    vec(vec((any::<usize>(), 0..100_000_u64), 0..8), 1..30)
}

pub(crate) async fn once(stream: &[Delivered]) -> Numbers {
    let disk = Disk::new();
    let projection = disk.projection().await;
    for entry in stream {
        let applied = projection.apply(0, std::slice::from_ref(entry)).await.unwrap();
        assert_eq!(applied.ignored, [], "each counts");
    }
    numbers(&projection)
}

pub(crate) fn numbers(projection: &Projection) -> Numbers {
    projection.read(Clone::clone).expect("it has been loaded")
}

async fn somehow(stream: &[Delivered], steps: &[Step]) -> Numbers {
    let disk = Disk::new();
    let mut projection = disk.projection().await;
    let mut next = 0;
    for step in steps {
        let batch = match step {
            Step::Deliver(count) => {
                let from = next;
                next = stream.len().min(next + count);
                &stream[from..next]
            }
            Step::Redeliver(count) => &stream[next.saturating_sub(*count)..next],
            Step::Repeat(which) if next > 0 => std::slice::from_ref(&stream[which % next]),
            Step::Repeat(_) => &[],
            Step::Restart => {
                let before = numbers(&projection);
                drop(projection);
                projection = disk.projection().await;
                assert_eq!(numbers(&projection), before, "what is loaded is what was in memory");
                &[]
            }
        };
        projection.apply(0, batch).await.unwrap();
    }
    projection.apply(0, &stream[next..]).await.unwrap();
    numbers(&projection)
}

pub(crate) fn check<S: Strategy>(
    strategy: S,
    test: impl AsyncFn(S::Value) -> Result<(), proptest::test_runner::TestCaseError>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = Config { failure_persistence: None, ..Config::with_cases(24) };
    TestRunner::new(config).run(&strategy, |value| runtime.block_on(test(value))).unwrap();
}

#[test]
fn any_delivery_gives_the_same_numbers_as_each_event_once() {
    check((orders(), vec(any::<usize>(), 1..50), vec(step(), 0..30)), async |(orders, picks, steps)| {
        let (histories, ends) = histories(&orders);
        let stream = interleaved(histories, &picks);
        let expected = once(&stream).await;
        for status in Status::ALL {
            let ended = ends.iter().filter(|end| end.status() == Some(status)).count() as u64;
            prop_assert_eq!(expected.counts.of(status), ended, "{}", status);
        }
        prop_assert_eq!(expected.total_orders(), ends.len() as u64);
        prop_assert_eq!(somehow(&stream, &steps).await, expected);
        Ok(())
    });
}

/// As replicas that share a partition would apply them: in any order, each event by one of two.
#[test]
fn any_order_of_delivery_counts_every_order_where_it_ended() {
    let shuffled = orders().prop_flat_map(|orders| {
        let (mut histories, ends) = histories(&orders);
        for (events, end) in histories.iter_mut().zip(&ends) {
            // What undoes a cancelled order tells only that; it is taken for one that failed until more is known.
            events.retain(|event| {
                event.kind() != EventKind::Compensated || end.status() != Some(Status::Cancelled)
            });
        }
        let events: Vec<(Event, bool)> =
            histories.into_iter().flatten().enumerate().map(|(at, event)| (event, at % 2 == 0)).collect();
        (Just(events).prop_shuffle(), Just(ends))
    });
    check(shuffled, async |(events, ends)| {
        let disk = Disk::new();
        let replicas = [disk.projection().await, disk.projection().await];
        for (number, (event, first)) in (1..).zip(events) {
            replicas[usize::from(first)].apply(0, &delivered(number, [event])).await.unwrap();
        }
        let shown = numbers(&disk.projection().await);
        for status in Status::ALL {
            let ended = ends.iter().filter(|end| end.status() == Some(status)).count() as u64;
            prop_assert_eq!(shown.counts.of(status), ended, "{}", status);
        }
        // No history is longer than that.
        let end = START + Duration::from_secs(810);
        let accepted = shown.rates.over(Duration::from_mins(15), end).accepted * 900.0;
        prop_assert_eq!(accepted.round() as usize, ends.len());
        Ok(())
    });
}

#[tokio::test]
async fn an_order_whose_placing_was_lost_is_counted_once() {
    let disk = Disk::new();
    let projection = disk.projection().await;
    let stream = delivered(1, completed(1));
    projection.apply(0, &stream[1..]).await.unwrap();
    projection.apply(0, &stream).await.unwrap();
    let shown = numbers(&projection);
    assert_eq!((shown.counts.completed, shown.total_orders()), (1, 1));
    assert_eq!(shown.durations.of(Kind::Waiting).count(), 1);
}

#[tokio::test]
async fn durations_are_what_the_events_say_and_survive_a_restart() {
    let disk = Disk::new();
    let projection = disk.projection().await;
    let mut history = History::new(1);
    let events = [
        (EventKind::Placed, 0),
        (EventKind::Processing, 1),
        (EventKind::Retrying, 2),
        (EventKind::Processing, 10),
        (EventKind::Failed, 4),
        (EventKind::Placed, 100),
        (EventKind::Processing, 8),
        (EventKind::Completed, 16),
    ]
    .map(|(kind, seconds)| history.next(kind, Duration::from_secs(seconds)));
    projection.apply(0, &delivered(1, events)).await.unwrap();
    for shown in [numbers(&projection), numbers(&disk.projection().await)] {
        for (kind, seconds) in [
            (Kind::Waiting, vec![1.0]),
            (Kind::ProcessingFailed, vec![4.0]),
            (Kind::ProcessingCompleted, vec![16.0]),
            (Kind::EndToEnd, vec![17.0, 141.0]),
        ] {
            let spread = shown.durations.of(kind);
            assert_eq!(spread.count(), seconds.len() as u64, "{kind:?}");
            let mean = seconds.iter().sum::<f64>() / seconds.len() as f64;
            assert!((spread.mean_seconds() - mean).abs() < 1e-9, "{kind:?}: {}", spread.mean_seconds());
            assert!((spread.quantile_seconds(0.99) / seconds.last().unwrap() - 1.0).abs() < 0.001);
        }
        assert!((shown.snapshot().average_processing_time_seconds - 16.0).abs() < 1e-9);
    }
}

#[tokio::test]
async fn two_projections_of_one_database_add_up() {
    let disk = Disk::new();
    let (one, other) = (disk.projection().await, disk.projection().await);
    let mut stream = delivered(1, (0..500).flat_map(completed));
    let second_half = stream.split_off(750);
    let (first, second) = tokio::join!(one.apply(0, &stream), other.apply(1, &second_half));
    assert_eq!(first.unwrap().applied.len() + second.unwrap().applied.len(), 1_500);
    one.load().await.unwrap();
    other.load().await.unwrap();
    let shown = numbers(&one);
    assert_eq!(shown, numbers(&other));
    assert_eq!((shown.counts.completed, shown.total_orders()), (500, 500));
    assert_eq!(shown.durations.of(Kind::EndToEnd).count(), 500);
    assert_eq!(shown.positions.len(), 2);
}

/// Both see the same orders for the first time at the same moment, and each has half of their events.
#[tokio::test(flavor = "multi_thread")]
async fn two_projections_of_one_partition_count_no_order_twice() {
    let disk = Disk::new();
    shared_by_two(&disk.config("redis://unused")).await;
}

/// Has two projections of one database apply a half each of 300 orders' events at the same time.
pub(crate) async fn shared_by_two(config: &MetricsConfig) {
    let stream = delivered(1, (0..300).flat_map(completed));
    let (even, odd): (Vec<_>, Vec<_>) = stream.into_iter().partition(|entry| entry.id.ms % 2 == 0);
    let mut replicas = tokio::task::JoinSet::new();
    for half in [even, odd] {
        let projection = projection(config).await;
        replicas.spawn(async move {
            for batch in half.chunks(20) {
                // The database may be busy with the other one.
                while projection.apply(0, batch).await.is_err() {}
            }
        });
    }
    replicas.join_all().await;
    let shown = numbers(&projection(config).await);
    assert_eq!((shown.counts.completed, shown.total_orders()), (300, 300));
    assert_eq!(shown.durations.of(Kind::Waiting).count(), 300);
    assert_eq!(shown.durations.of(Kind::ProcessingCompleted).count(), 300);
}

#[tokio::test]
async fn what_is_too_old_for_any_rate_is_forgotten() {
    let disk = Disk::new();
    let projection = disk.projection().await;
    projection.apply(0, &delivered(1, completed(1))).await.unwrap();
    let over = |projection: &Projection| {
        let window = Duration::from_mins(15);
        numbers(projection).rates.over(window, START + Duration::from_secs(5)).accepted
    };
    projection.forget_older_than(Duration::from_hours(1)).await.unwrap();
    assert!(over(&projection) > 0.0);
    // Nothing is kept beyond the ten seconds that are now.
    let later = runtime::clock::Clock::manual(START + Duration::from_hours(2));
    let projection = Projection::new(disk.database().await, later);
    projection.load().await.unwrap();
    projection.forget_older_than(Duration::from_hours(1)).await.unwrap();
    assert!(over(&projection) == 0.0 && over(&disk.projection().await) == 0.0);
    assert_eq!(numbers(&projection).total_orders(), 1);
}
