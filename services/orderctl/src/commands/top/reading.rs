//! One look at the system.

use contract::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    client::model::{Queue, Stats},
    commands::Context,
    exit::Failure,
};

/// What does not answer is missing, and why is among the problems.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Reading {
    pub(super) time: Timestamp,
    pub(super) queue: Option<Queue>,
    pub(super) stats: Option<Stats>,
    pub(super) problems: Vec<String>,
}

/// Whatever answers.
pub(super) async fn take(context: &Context) -> Reading {
    let (queue, stats) = tokio::join!(context.client.queue(), context.client.stats());
    let problems = [queue.as_ref().err(), stats.as_ref().err()].into_iter().flatten();
    let problems = problems.map(ToString::to_string).collect();
    Reading { time: context.clock.now(), queue: queue.ok(), stats: stats.ok(), problems }
}

/// For a frame that nobody sees change: fails when order-api does not answer. metrics-service may be away.
pub(super) async fn complete(context: &Context) -> Result<Reading, Failure> {
    let (queue, stats) = tokio::join!(context.client.queue(), context.client.stats());
    let problems = stats.as_ref().err().map(ToString::to_string).into_iter().collect();
    Ok(Reading { time: context.clock.now(), queue: Some(queue?), stats: stats.ok(), problems })
}
