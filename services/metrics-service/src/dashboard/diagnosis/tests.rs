//! Each cause, and what is said of it.

use super::*;

fn worker(in_hand: u64, silent_s: u64) -> Worker {
    Worker { name: "worker-1".to_owned(), in_hand, silent: Duration::from_secs(silent_s) }
}

/// What is changed in a busy system, what is found then, and what the first finding says.
type Case = (fn(&mut Situation), &'static [(Level, &'static str)], &'static str);

/// Work is done, and some waits for less than a moment.
fn busy() -> Situation {
    Situation {
        redis_silent: Duration::from_secs(2),
        total_orders: Some(1_000),
        waiting: 4,
        in_progress: 16,
        oldest_waiting: Some(Duration::from_secs(1)),
        workers: vec![worker(16, 1)],
        accepted: 20.0,
        ended: 20.0,
        ..Situation::default()
    }
}

fn payment_fails(share: f64) -> Failing {
    let message = "the connection was refused".to_owned();
    Failing { code: "payment_unavailable".to_owned(), message, share }
}

/// The codes of all findings, and what the first one says.
fn told(situation: &Situation) -> (Vec<(Level, &'static str)>, String) {
    let findings = diagnose(situation);
    let codes = findings.iter().map(|finding| (finding.level, finding.code)).collect();
    (codes, format!("{} {}", findings[0].what, findings[0].detail))
}

#[test]
fn each_cause_is_told_by_its_name() {
    use Level::{Good, Notice, Problem, Warning};
    let seconds = Duration::from_secs;
    let table: &[Case] = &[
        (|_| {}, &[(Good, "good")], "All is well. 16 orders in work, 4 waiting."),
        (
            |now| {
                *now =
                    Situation { total_orders: Some(0), workers: vec![worker(0, 1)], ..Situation::default() }
            },
            &[(Good, "no_orders")],
            "No orders yet. Everything is ready for the first one.",
        ),
        (
            |now| *now = Situation { total_orders: Some(0), ..Situation::default() },
            &[(Good, "no_orders"), (Notice, "no_worker")],
            "No orders yet. Everything is ready for the first one.",
        ),
        (
            |now| now.total_orders = None,
            &[(Notice, "loading")],
            "The numbers are not loaded yet. metrics-service waits for its database. Orders are not concerned.",
        ),
        (
            |now| now.redis_silent = Duration::from_secs(12),
            &[(Problem, "redis_away")],
            "Redis does not answer: no order moves. Last answer 12 s ago. Orders are still accepted and kept; they \
             are published when Redis is back.",
        ),
        (
            |now| {
                (now.waiting, now.in_progress) = (132, 0);
                now.oldest_waiting = Some(Duration::from_secs(40));
                now.workers = vec![];
            },
            &[(Problem, "no_worker")],
            "No worker is running: 132 orders wait, the oldest for 40 s. Orders are accepted and kept until a worker \
             takes them.",
        ),
        // One that ended in good order is still listed, with nothing in hand.
        (
            |now| {
                (now.waiting, now.in_progress) = (1, 0);
                now.workers = vec![worker(0, 60)];
            },
            &[(Problem, "no_worker")],
            "No worker is running: 1 order waits, the oldest for 1 s. Orders are accepted and kept until a worker takes \
             them.",
        ),
        // One that has been killed with nothing in hand leaves what comes then.
        (
            |now| {
                (now.waiting, now.in_progress) = (3, 0);
                now.oldest_waiting = Some(Duration::from_secs(6));
                now.workers = vec![worker(0, 12)];
            },
            &[(Problem, "no_worker")],
            "No worker is running: 3 orders wait, the oldest for 6 s. Orders are accepted and kept until a worker takes \
             them.",
        ),
        // One that lives is not seen for a while if there is nothing to do.
        (
            |now| {
                (now.waiting, now.in_progress, now.oldest_waiting) = (0, 0, None);
                now.workers = vec![worker(0, 17)];
            },
            &[(Good, "good")],
            "All is well. No order waits.",
        ),
        // Only retries are left.
        (
            |now| {
                (now.waiting, now.in_progress, now.delayed, now.oldest_waiting) = (0, 0, 7, None);
                now.workers = vec![];
                now.failing = Some(payment_fails(1.0));
            },
            &[(Problem, "no_worker")],
            "No worker is running: 7 orders wait. Orders are accepted and kept until a worker takes them.",
        ),
        (
            |now| {
                (now.waiting, now.in_progress) = (0, 0);
                now.workers = vec![];
            },
            &[(Good, "good"), (Notice, "no_worker")],
            "All is well. No order waits.",
        ),
        (
            |now| now.workers = vec![worker(16, 45)],
            &[(Problem, "workers_stuck")],
            "Worker worker-1 hangs or was killed: 16 orders in hand, not heard of for 45 s. No other worker is running. \
             Behind them 4 orders wait, the oldest for 1 s.",
        ),
        (
            |now| now.workers = vec![worker(16, 45), worker(1, 45), worker(0, 900)],
            &[(Problem, "workers_stuck")],
            "2 workers hang or were killed, worker-1 among them: 17 orders in hand, not heard of for 45 s. No other worker is \
             running. Behind them 4 orders wait, the oldest for 1 s.",
        ),
        (
            |now| now.workers = vec![worker(16, 1), worker(3, 20)],
            &[(Warning, "worker_silent")],
            "Worker worker-1 hangs or was killed: 3 orders in hand, not heard of for 20 s. Another worker takes them over \
             (processor.reclaim_idle_ms, 30 s unless changed).",
        ),
        (
            |now| (now.failing, now.delayed) = (Some(payment_fails(1.0)), 37),
            &[(Problem, "step_failing")],
            "The payment service gives no usable answer: 100% of the last attempts failed there. Reason: \
             payment_unavailable: the connection was refused. 37 orders wait for another try.",
        ),
        (
            |now| (now.failing, now.delayed) = (Some(payment_fails(0.1)), 1),
            &[(Warning, "step_failing")],
            "The payment service gives no usable answer: 10% of the last attempts failed there. Reason: \
             payment_unavailable: the connection was refused. 1 order waits for another try.",
        ),
        // One of twenty thousand: everyday life.
        (
            |now| now.failing = Some(payment_fails(0.01)),
            &[(Good, "good")],
            "All is well. 16 orders in work, 4 waiting.",
        ),
        (
            |now| now.without_progress = Duration::from_secs(30),
            &[(Problem, "no_progress")],
            "Workers are stuck: 16 orders in hand, and none was finished for 30 s. Behind them 4 orders wait, the oldest \
             for 1 s.",
        ),
        (
            |now| (now.waiting, now.oldest_waiting) = (900, Some(Duration::from_secs(45))),
            &[(Warning, "backlog")],
            "1 worker is busy and can't keep up: 900 orders wait for a worker, the oldest for 45 s. In the last minute \
             20 orders a second came in, and 20 were finished.",
        ),
        (
            |now| (now.dead, now.events_behind) = (2, 5_000),
            &[(Good, "good"), (Notice, "dead_letters"), (Notice, "numbers_behind")],
            "All is well. 16 orders in work, 4 waiting.",
        ),
        (
            |now| (now.rebuilding, now.without_progress) = (true, Duration::from_mins(3)),
            &[(Problem, "no_progress"), (Notice, "rebuilding")],
            "Workers are stuck: 16 orders in hand, and none was finished for 3 min. Behind them 4 orders wait, the \
             oldest for 1 s.",
        ),
    ];
    for (change, codes, text) in table {
        let mut situation = busy();
        change(&mut situation);
        assert_eq!(told(&situation), (codes.to_vec(), (*text).to_owned()), "{situation:?}");
    }
    assert_eq!(Span(seconds(3 * 3_600)).to_string(), "3 h");
}

#[test]
fn whatever_is_wrong_comes_with_what_to_do() {
    let mut situation = busy();
    situation.dead = 1;
    situation.workers = vec![];
    for finding in diagnose(&situation) {
        assert!(finding.level == Level::Good || !finding.advice.is_empty(), "{finding:?}");
    }
}
