//! What the charts show: the last minutes, hour or day in equal parts, from the counts of the projection and the samples.
//!
//! A question costs a few hundred to a few thousand small rows, so an answer serves whoever asks within the next seconds.

mod coarse;
mod sampler;

use std::{collections::BTreeMap, str::FromStr, sync::Arc, time::Duration};

use bytes::Bytes;
use contract::Timestamp;
use runtime::db::Database;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use tokio::sync::Mutex;

use self::coarse::Coarse;
pub(crate) use self::sampler::Sampler;
use crate::{
    entities::sample::{Column, Entity, Model},
    projection::{
        Projection,
        rates::{BUCKET_S, Bucket, Flow},
    },
};

/// How far back one can look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Window {
    QuarterHour,
    Hour,
    Day,
}

/// Reads what was.
pub(crate) struct History {
    database: Database,
    projection: Arc<Projection>,
    answers: Mutex<BTreeMap<Window, (Timestamp, Bytes)>>,
}

/// The answer: each list has one number for each part, the oldest first; null is what nobody knows.
#[derive(Debug, Default, Serialize)]
struct Answer {
    window_s: i64,
    step_s: i64,
    /// When each part begins, in seconds since the Unix epoch.
    time: Vec<i64>,
    accepted_per_s: Vec<f64>,
    completed_per_s: Vec<f64>,
    failed_per_s: Vec<f64>,
    waiting: Vec<Option<i64>>,
    in_progress: Vec<Option<i64>>,
    delayed: Vec<Option<i64>>,
    dead: Vec<Option<i64>>,
    oldest_waiting_s: Vec<Option<f64>>,
    p50_s: Vec<Option<f64>>,
    p95_s: Vec<Option<f64>>,
    p99_s: Vec<Option<f64>>,
    /// Over the whole window.
    summary: Summary,
}

#[derive(Debug, Default, Serialize)]
struct Summary {
    accepted: u64,
    completed: u64,
    failed: u64,
    p50_s: Option<f64>,
    p95_s: Option<f64>,
    p99_s: Option<f64>,
}

/// One part of the window.
#[derive(Default)]
struct Part {
    flow: Flow,
    waiting: Option<i64>,
    in_progress: Option<i64>,
    delayed: Option<i64>,
    dead: Option<i64>,
    oldest_waiting_ms: Option<i64>,
    end_to_end: Coarse,
}

impl Window {
    const fn seconds(self) -> i64 {
        match self {
            Self::QuarterHour => 900,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }

    /// How long an answer serves. That of a day costs most, and changes least.
    const fn fresh(self) -> Duration {
        match self {
            Self::QuarterHour | Self::Hour => Duration::from_secs(4),
            Self::Day => Duration::from_secs(30),
        }
    }

    /// The length of a part: what fits on a screen.
    const fn step(self) -> i64 {
        match self {
            Self::QuarterHour | Self::Hour => BUCKET_S,
            Self::Day => 240,
        }
    }
}

impl FromStr for Window {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "15m" => Ok(Self::QuarterHour),
            "1h" => Ok(Self::Hour),
            "24h" => Ok(Self::Day),
            _ => Err("must be 15m, 1h or 24h"),
        }
    }
}

impl History {
    pub(crate) fn new(database: Database, projection: Arc<Projection>) -> Self {
        Self { database, projection, answers: Mutex::default() }
    }

    /// The answer as JSON. Who asks while it is made waits for it, and makes none of his own.
    pub(super) async fn over(&self, window: Window) -> Result<Bytes, DbErr> {
        let mut answers = self.answers.lock().await;
        let now = self.projection.now();
        if let Some((made_at, answer)) = answers.get(&window)
            && now.since(*made_at) < window.fresh()
        {
            return Ok(answer.clone());
        }
        let answer = serde_json::to_vec(&self.read(window, now).await?).expect("numbers always serialize");
        let answer = Bytes::from(answer);
        answers.insert(window, (now, answer.clone()));
        Ok(answer)
    }

    /// Ends with the last ten seconds that are over: those under way would look like a fall of every rate.
    async fn read(&self, window: Window, now: Timestamp) -> Result<Answer, DbErr> {
        let until = Bucket::of(now);
        let from = until.earlier(Duration::from_secs(window.seconds().cast_unsigned()));
        let samples = Entity::find()
            .filter(Column::StartsAtS.gte(from.starts_at_s()))
            .filter(Column::StartsAtS.lt(until.starts_at_s()))
            .order_by_asc(Column::StartsAtS)
            .all(&self.database.reader)
            .await?;
        let step = window.step();
        let mut parts: Vec<Part> = (0..window.seconds() / step).map(|_| Part::default()).collect();
        let index = |starts_at_s: i64| ((starts_at_s - from.starts_at_s()) / step) as usize;
        for sample in &samples {
            if let Some(part) = parts.get_mut(index(sample.starts_at_s)) {
                part.sampled(sample);
            }
        }
        self.projection.read(|numbers| {
            for (bucket, flow) in numbers.rates.between(from, until) {
                if let Some(part) = parts.get_mut(index(bucket.starts_at_s())) {
                    part.flow.add(flow);
                }
            }
        });
        Ok(answer(window, from.starts_at_s(), &parts))
    }
}

impl Part {
    /// Of several samples the highest counts: peaks are what one looks for.
    fn sampled(&mut self, sample: &Model) {
        self.waiting = self.waiting.max(sample.waiting);
        self.in_progress = self.in_progress.max(sample.in_progress);
        self.delayed = self.delayed.max(sample.delayed);
        self.dead = self.dead.max(sample.dead);
        self.oldest_waiting_ms = self.oldest_waiting_ms.max(sample.oldest_waiting_ms);
        self.end_to_end.add(&Coarse::read(&sample.end_to_end));
    }
}

fn answer(window: Window, from: i64, parts: &[Part]) -> Answer {
    let step = window.step();
    let mut answer = Answer { window_s: window.seconds(), step_s: step, ..Answer::default() };
    let (mut flow, mut end_to_end) = (Flow::default(), Coarse::default());
    for (time, part) in (from..).step_by(step as usize).zip(parts) {
        let per_second = |count: u64| count as f64 / step as f64;
        answer.time.push(time);
        answer.accepted_per_s.push(per_second(part.flow.accepted));
        answer.completed_per_s.push(per_second(part.flow.completed));
        answer.failed_per_s.push(per_second(part.flow.failed));
        answer.waiting.push(part.waiting);
        answer.in_progress.push(part.in_progress);
        answer.delayed.push(part.delayed);
        answer.dead.push(part.dead);
        answer.oldest_waiting_s.push(part.oldest_waiting_ms.map(|millis| millis as f64 / 1e3));
        answer.p50_s.push(part.end_to_end.quantile_seconds(0.50));
        answer.p95_s.push(part.end_to_end.quantile_seconds(0.95));
        answer.p99_s.push(part.end_to_end.quantile_seconds(0.99));
        flow.add(part.flow);
        end_to_end.add(&part.end_to_end);
    }
    answer.summary = Summary {
        accepted: flow.accepted,
        completed: flow.completed,
        failed: flow.failed,
        p50_s: end_to_end.quantile_seconds(0.50),
        p95_s: end_to_end.quantile_seconds(0.95),
        p99_s: end_to_end.quantile_seconds(0.99),
    };
    answer
}
