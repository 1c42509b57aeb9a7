//! The courier sends what is due. Beside it others may run on the same database: what one has claimed the others leave alone until
//! its lease is over.
//!
//! Each turn is one transaction: what ended is written down, and what is due is claimed, as much as there are free places for all
//! receivers and for each one. A receiver that is slow fills its own places only. Between turns the courier sleeps until
//! something is added, ends, or is due.

use std::{collections::HashMap, convert::Infallible, time::Duration};

use contract::Timestamp;
use runtime::{clock::Clock, db::Database, lifecycle::Shutdown, outage::Outage};
use sea_orm::{DatabaseConnection, DbErr};
use tokio::{
    task::{Id, JoinSet},
    time::Instant,
};

use super::{
    config::WebhooksConfig,
    hooks::Hooks,
    message,
    retry::{Attempt, Schedule, Verdict},
    sender::Sender,
    store::{self, Ended},
};
use crate::{entities::webhook, metrics::ApiMetrics};

/// The longest sleep: what another replica left behind is found after it.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// When the database can't be used.
const PAUSE: Duration = Duration::from_secs(1);
/// How much longer than its timeout an attempt may take before another is begun.
const GRACE: Duration = Duration::from_secs(30);

pub(crate) struct Courier {
    database: Database,
    hooks: Hooks,
    sender: Sender,
    clock: Clock,
    schedule: Schedule,
    lease: Duration,
    concurrency: usize,
    per_receiver: usize,
    metrics: ApiMetrics,
    /// The attempts under way, each with its receiver.
    under_way: HashMap<Id, String>,
    attempts: JoinSet<Option<Ended>>,
    /// Not written down yet.
    ended: Vec<Ended>,
}

impl Courier {
    /// `None`: webhooks are off.
    ///
    /// # Errors
    /// The setting that is wrong.
    pub(crate) fn new(
        config: &WebhooksConfig,
        database: &Database,
        hooks: &Hooks,
        clock: &Clock,
        metrics: &ApiMetrics,
    ) -> anyhow::Result<Option<Self>> {
        let Some(secrets) = config.secrets()? else { return Ok(None) };
        Ok(Some(Self {
            database: database.clone(),
            hooks: hooks.clone(),
            sender: Sender::new(config, secrets)?,
            clock: clock.clone(),
            schedule: Schedule {
                first_pause: Duration::from_millis(config.first_retry_ms),
                keep_trying: Duration::from_hours(config.retry_hours.into()),
            },
            lease: config.timeout() + GRACE,
            concurrency: config.concurrency,
            per_receiver: config.per_receiver,
            metrics: metrics.clone(),
            under_way: HashMap::new(),
            attempts: JoinSet::new(),
            ended: Vec::new(),
        }))
    }

    /// Runs until the shutdown drains, and then until what is under way has ended.
    pub(crate) async fn run(mut self, shutdown: Shutdown) -> Result<(), Infallible> {
        let draining = shutdown.draining();
        let mut outage = Outage::new("database of webhooks");
        while !draining.is_cancelled() {
            let sleep = match self.turn(true).await {
                Ok(sleep) => {
                    outage.recovered();
                    sleep
                }
                Err(error) => {
                    outage.failed(&error);
                    PAUSE
                }
            };
            tokio::select! {
                Some(ended) = self.attempts.join_next_with_id(), if !self.attempts.is_empty() => {
                    self.note(ended);
                    while let Some(ended) = self.attempts.try_join_next_with_id() {
                        self.note(ended);
                    }
                }
                () = self.hooks.news(sleep) => {}
                () = draining.cancelled() => {}
            }
        }
        let aborting = shutdown.aborting();
        while let Some(Some(ended)) = aborting.run_until_cancelled(self.attempts.join_next_with_id()).await {
            self.note(ended);
        }
        // What can't be written down is sent again after its lease.
        if let Err(error) = self.turn(false).await {
            tracing::warn!(%error, "webhooks that were delivered last will be delivered again");
        }
        Ok(())
    }

    fn note(&mut self, ended: Result<(Id, Option<Ended>), tokio::task::JoinError>) {
        let id = match ended {
            Ok((id, ended)) => {
                self.ended.extend(ended);
                id
            }
            // It will be sent again after its lease.
            Err(panicked) => panicked.id(),
        };
        self.under_way.remove(&id);
    }

    /// Writes down what ended, and begins what is due. How long to sleep.
    async fn turn(&mut self, take_more: bool) -> Result<Duration, DbErr> {
        let free = if take_more { self.concurrency.saturating_sub(self.under_way.len()) } else { 0 };
        let due = if free > 0 { self.choose(free).await? } else { Vec::new() };
        if self.ended.is_empty() && due.is_empty() {
            return if free > 0 { self.until_due().await } else { Ok(LOOK_AGAIN) };
        }
        let until = self.clock.now() + self.lease;
        let transaction = self.database.begin_write().await?;
        for ended in &self.ended {
            store::settle(&transaction, ended).await?;
        }
        let mut claimed = Vec::with_capacity(due.len());
        for mut webhook in due {
            if store::claim(&transaction, &mut webhook, until).await? {
                claimed.push(webhook);
            }
        }
        transaction.commit().await?;
        for ended in std::mem::take(&mut self.ended) {
            self.count(&ended);
        }
        let begun = claimed.len();
        for webhook in claimed {
            self.begin(webhook);
        }
        if begun > 0 && begun < free {
            // There may be more, for other receivers.
            return Ok(Duration::ZERO);
        }
        if take_more && begun < free { self.until_due().await } else { Ok(LOOK_AGAIN) }
    }

    /// Of what is due, as much as there are places for, and in the order of their keys: two replicas that claim the same lock
    /// them in the same order.
    async fn choose(&self, free: usize) -> Result<Vec<webhook::Model>, DbErr> {
        let mut places = self.places();
        let due = store::due(&self.database.reader, self.clock.now(), self.full()).await?;
        let mut chosen = Vec::new();
        for webhook in due {
            let taken = places.entry(webhook.receiver.clone()).or_default();
            if *taken < self.per_receiver && chosen.len() < free {
                *taken += 1;
                chosen.push(webhook);
            }
        }
        chosen.sort_unstable_by_key(|webhook| (webhook.order_id, webhook.version));
        Ok(chosen)
    }

    /// How many attempts are under way to each receiver.
    fn places(&self) -> HashMap<String, usize> {
        let mut places = HashMap::new();
        for receiver in self.under_way.values() {
            *places.entry(receiver.clone()).or_default() += 1;
        }
        places
    }

    /// Receivers that have no place left.
    fn full(&self) -> Vec<String> {
        let places = self.places().into_iter();
        places.filter(|(_, taken)| *taken >= self.per_receiver).map(|(receiver, _)| receiver).collect()
    }

    async fn until_due(&self) -> Result<Duration, DbErr> {
        let next = store::next_due(&self.database.reader, self.full()).await?;
        Ok(next.map_or(LOOK_AGAIN, |next| next.since(self.clock.now()).min(LOOK_AGAIN)))
    }

    fn begin(&mut self, webhook: webhook::Model) {
        let receiver = webhook.receiver.clone();
        let (reader, sender) = (self.database.reader.clone(), self.sender.clone());
        let (clock, schedule) = (self.clock.clone(), self.schedule);
        let attempt = async move {
            let attempted = attempt(&reader, &sender, &clock, schedule, webhook).await;
            attempted
                .inspect_err(|error| tracing::warn!(%error, "a webhook can't be read; trying again"))
                .ok()
        };
        let task = self.attempts.spawn(attempt);
        self.under_way.insert(task.id(), receiver);
    }

    fn count(&self, ended: &Ended) {
        let outcome = match ended.verdict {
            Verdict::Delivered => "delivered",
            Verdict::Gone => "gone",
            Verdict::GivenUp => "given_up",
            Verdict::Again(_) => "retried",
        };
        self.metrics.webhooks.with_label_values(&[outcome]).inc();
        self.metrics.webhook_seconds.observe(ended.took.as_secs_f64());
        let webhook = &ended.webhook;
        if ended.verdict == Verdict::GivenUp {
            tracing::warn!(
                order.id = %contract::OrderId::from_uuid(webhook.order_id),
                receiver = webhook.receiver,
                attempts = webhook.attempts,
                "a webhook was given up"
            );
        }
    }
}

async fn attempt(
    reader: &DatabaseConnection,
    sender: &Sender,
    clock: &Clock,
    schedule: Schedule,
    webhook: webhook::Model,
) -> Result<Ended, DbErr> {
    let (began, started) = (clock.now(), Instant::now());
    let Some(body) = message::body(reader, &webhook).await? else {
        let error = Some("the order was deleted".to_owned());
        let attempt = Attempt { error, ..Attempt::default() };
        return Ok(Ended { webhook, began, took: started.elapsed(), attempt, verdict: Verdict::GivenUp });
    };
    let attempt = sender.send(&webhook.url, &message::id(&webhook), body, began).await;
    let (created, attempts) = (Timestamp::from_micros(webhook.created_at), webhook.attempts.unsigned_abs());
    let verdict = schedule.verdict(&attempt, attempts, created, clock.now());
    Ok(Ended { webhook, began, took: started.elapsed(), attempt, verdict })
}
