//! Why orders are late, in a sentence, and what to do about it: a pure function of what the service can see.
//!
//! Several things may be wrong at once; the gravest comes first, and one that follows from another is left out: with Redis
//! away nothing is known of workers, and a backlog behind a payment service that gives no answer is no lack of workers.

mod situation;
#[cfg(test)]
mod tests;
mod words;

use std::time::Duration;

use serde::Serialize;

pub(super) use self::situation::{Failing, Situation, Worker, is_heard_of};
use self::words::{Rate, Span, orders, orders_wait, plural};

/// Redis is looked at every two seconds.
const REDIS_AWAY: Duration = Duration::from_secs(5);
/// A step has no longer than this by default, and an order three of them.
const STUCK: Duration = Duration::from_secs(30);
/// Waiting for longer than this is being late.
const LATE: Duration = Duration::from_secs(10);
/// More events than the projection takes at once.
const EVENTS_BEHIND: u64 = 5_000;

/// How grave it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    Good,
    /// Nothing is late for it.
    Notice,
    /// Orders are late, or some are.
    Warning,
    /// Orders stand still.
    Problem,
}

/// One thing that is so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) level: Level,
    /// For programs; never changes.
    pub(super) code: &'static str,
    /// What it is, in one sentence.
    pub(super) what: String,
    /// What follows from it.
    pub(super) detail: String,
    /// What to do.
    pub(super) advice: &'static str,
}

/// What is to be said, the gravest first; never empty.
pub(super) fn diagnose(now: &Situation) -> Vec<Finding> {
    if now.redis_silent > REDIS_AWAY {
        return vec![redis_away(now)];
    }
    let grave = workers(now).or_else(|| failing(now)).or_else(|| stuck(now)).or_else(|| backlog(now));
    let mut findings: Vec<Finding> =
        [grave, silent(now), dead_letters(now), behind(now)].into_iter().flatten().collect();
    if findings.iter().all(|finding| finding.level == Level::Notice) {
        findings.insert(0, all_is_well(now));
    }
    findings
}

fn redis_away(now: &Situation) -> Finding {
    Finding {
        level: Level::Problem,
        code: "redis_away",
        what: format!("Redis does not answer: no order moves. Last answer {} ago.", Span(now.redis_silent)),
        detail: "Orders are still accepted and kept; they are published when Redis is back.".to_owned(),
        advice: "Start Redis, or look at the network to it: the address is redis.url (ORDERFLOW_REDIS__URL).",
    }
}

/// Whether anybody works.
fn workers(now: &Situation) -> Option<Finding> {
    if now.alive().next().is_some() {
        return None;
    }
    let undone = now.waiting + now.in_progress + now.delayed;
    if let Some(silent) = now.silent().max_by_key(|worker| worker.in_hand) {
        let who = match now.silent().count() {
            1 => format!("Worker {} hangs or was killed", silent.name),
            more => format!("{more} workers hang or were killed, {} among them", silent.name),
        };
        let in_hand = now.silent().map(|worker| worker.in_hand).sum();
        return Some(Finding {
            level: Level::Problem,
            code: "workers_stuck",
            what: format!("{who}: {} in hand, not heard of for {}.", orders(in_hand), Span(silent.silent)),
            detail: format!("No other worker is running. {}", now.waiting_sentence()),
            advice: "Restart order-processor. Nothing is lost: it goes on with what it had in hand.",
        });
    }
    let (level, what) = match undone {
        // As it should be where workers are scaled to none.
        0 => (Level::Notice, "No worker is running. Nothing waits yet.".to_owned()),
        undone => (Level::Problem, format!("No worker is running: {}", now.waiting_clause(undone))),
    };
    Some(Finding {
        level,
        code: "no_worker",
        what,
        detail: "Orders are accepted and kept until a worker takes them.".to_owned(),
        advice: "Start order-processor. If it runs, see in its log whether it reaches the same Redis.",
    })
}

/// A worker that is not heard of while others go on.
fn silent(now: &Situation) -> Option<Finding> {
    now.alive().next()?;
    let silent = now.silent().max_by_key(|worker| worker.in_hand)?;
    Some(Finding {
        level: Level::Warning,
        code: "worker_silent",
        what: format!(
            "Worker {} hangs or was killed: {} in hand, not heard of for {}.",
            silent.name,
            orders(silent.in_hand),
            Span(silent.silent)
        ),
        detail: "Another worker takes them over (processor.reclaim_idle_ms, 30 s unless changed).".to_owned(),
        advice: "Restart that worker if it does not come back.",
    })
}

fn failing(now: &Situation) -> Option<Finding> {
    let failing = now.failing.as_ref()?;
    // A few of thousands are everyday life, and come right by themselves.
    if failing.share < 0.05 {
        return None;
    }
    let level = if failing.share >= 0.5 { Level::Problem } else { Level::Warning };
    let service = failing.code.strip_suffix("_unavailable").unwrap_or(&failing.code);
    let percent = (failing.share * 100.0).round();
    Some(Finding {
        level,
        code: "step_failing",
        what: format!(
            "The {service} service gives no usable answer: {percent}% of the last attempts failed there."
        ),
        detail: format!(
            "Reason: {}: {}. {} for another try.",
            failing.code,
            failing.message.trim_end_matches('.'),
            match now.delayed {
                1 => "1 order waits".to_owned(),
                delayed => format!("{delayed} orders wait"),
            }
        ),
        advice: "Look at that service and the way to it. Tries go on by themselves, ever more rarely; orders that \
                 used up their attempts are failed, and can be retried with POST /orders/retry.",
    })
}

/// Workers that are there, have orders in hand and bring none to an end.
fn stuck(now: &Situation) -> Option<Finding> {
    let in_hand = now.in_progress;
    (in_hand > 0 && now.without_progress >= STUCK).then(|| Finding {
        level: Level::Problem,
        code: "no_progress",
        what: format!(
            "Workers are stuck: {} in hand, and none was finished for {}.",
            orders(in_hand),
            Span(now.without_progress)
        ),
        detail: now.waiting_sentence(),
        advice: "A step hangs, or the worker's database does not answer: see the log of order-processor, and how \
                 long your services take.",
    })
}

fn backlog(now: &Situation) -> Option<Finding> {
    let oldest = now.oldest_waiting.filter(|oldest| now.waiting > 0 && *oldest >= LATE)?;
    let alive = now.alive().count() as u64;
    Some(Finding {
        level: Level::Warning,
        code: "backlog",
        what: format!(
            "{} busy and can't keep up: {} for a worker, the oldest for {}.",
            match alive {
                1 => "1 worker is".to_owned(),
                more => format!("{more} workers are"),
            },
            orders_wait(now.waiting),
            Span(oldest)
        ),
        detail: format!(
            "In the last minute {} orders a second came in, and {} were finished.",
            Rate(now.accepted),
            Rate(now.ended)
        ),
        advice: "Start more workers, or let each do more at once (processor.concurrency).",
    })
}

fn dead_letters(now: &Situation) -> Option<Finding> {
    (now.dead > 0).then(|| Finding {
        level: Level::Notice,
        code: "dead_letters",
        what: match now.dead {
            1 => "1 message was set aside, since no worker could read it.".to_owned(),
            more => format!("{more} messages were set aside, since no worker could read them."),
        },
        detail: "Nothing else waits for that.".to_owned(),
        advice: "See Dead letters below: send one again once the workers understand it, or delete it (DELETE /dead-letters/{id}).",
    })
}

fn behind(now: &Situation) -> Option<Finding> {
    let finding = |code, what: String, detail: &str| Finding {
        level: Level::Notice,
        code,
        what,
        detail: detail.to_owned(),
        advice: "Nothing needs to be done.",
    };
    if now.rebuilding {
        let detail = "Redis has lost events. Orders are not concerned.";
        return Some(finding(
            "rebuilding",
            "The numbers are being rebuilt from the orders.".to_owned(),
            detail,
        ));
    }
    (now.events_behind >= EVENTS_BEHIND).then(|| {
        let what = format!("These numbers are late: {} not counted yet.", plural(now.events_behind, "event"));
        finding("numbers_behind", what, "Orders are not concerned.")
    })
}

fn all_is_well(now: &Situation) -> Finding {
    let (level, code, what, detail) = match now.total_orders {
        None => {
            let detail = "metrics-service waits for its database. Orders are not concerned.".to_owned();
            (Level::Notice, "loading", "The numbers are not loaded yet.", detail)
        }
        Some(0) => {
            (Level::Good, "no_orders", "No orders yet.", "Everything is ready for the first one.".to_owned())
        }
        Some(_) if now.waiting + now.in_progress + now.delayed == 0 => {
            (Level::Good, "good", "All is well.", "No order waits.".to_owned())
        }
        Some(_) => {
            let detail =
                format!("{} in work, {} waiting.", orders(now.in_progress), now.waiting + now.delayed);
            (Level::Good, "good", "All is well.", detail)
        }
    };
    Finding { level, code, what: what.to_owned(), detail, advice: "" }
}
