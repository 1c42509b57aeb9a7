//! What is told: a row for each event that somebody wants to hear of, in the transaction that applies it.

use std::{sync::Arc, time::Duration};

use contract::{Event, EventKind};
use runtime::{clock::Clock, db::rows, http::FieldError};
use sea_orm::{DatabaseTransaction, DbErr, Value};
use tokio::sync::Notify;

use super::{callback::Callback, config::WebhooksConfig};

/// Who is told of what. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Hooks(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// None of them while webhooks are off.
    kinds: Vec<EventKind>,
    is_on: bool,
    allow_private: bool,
    /// For orders that name none.
    callback: Option<Callback>,
    clock: Clock,
    news: Notify,
}

impl Hooks {
    /// # Errors
    /// The setting that is wrong.
    pub(crate) fn new(config: &WebhooksConfig, clock: &Clock) -> anyhow::Result<Self> {
        let is_on = config.secrets()?.is_some();
        Ok(Self(Arc::new(Inner {
            kinds: if is_on { config.kinds()? } else { Vec::new() },
            is_on,
            allow_private: config.allow_private,
            callback: config.callback()?,
            clock: clock.clone(),
            news: Notify::new(),
        })))
    }

    /// Why nothing can be told to what an order names.
    pub(crate) fn refuse(&self, callback: &Callback) -> Option<FieldError> {
        let why = if !self.0.is_on {
            "can't be used: this service has no webhooks.secret to sign with"
        } else if !self.0.allow_private && callback.is_private() {
            "must be an address on the public Internet"
        } else {
            return None;
        };
        Some(FieldError::new("callback_url", why))
    }

    /// Whether anybody may want to hear of such an event.
    pub(crate) fn want(&self, kind: EventKind) -> bool {
        self.0.kinds.contains(&kind)
    }

    /// Adds what is to be told of these events; how much it is. No statement where there are none.
    pub(crate) async fn add(
        &self,
        transaction: &DatabaseTransaction,
        events: &[&Event],
    ) -> Result<u64, DbErr> {
        let now = self.0.clock.now().as_micros();
        let callback = self.0.callback.as_ref();
        let values = events.iter().flat_map(|event| -> [Value; 6] {
            [
                event.order_id().as_uuid().into(),
                i32::try_from(event.version()).unwrap_or(i32::MAX).into(),
                event.kind().as_str().into(),
                now.into(),
                callback.map(|callback| callback.url.clone()).into(),
                callback.map(|callback| callback.receiver.clone()).into(),
            ]
        });
        let insert = "INSERT INTO webhooks (order_id, version, kind, url, receiver, created_at, due_at, state, attempts, log) \
            SELECT changed.column1, changed.column2, changed.column3, COALESCE(callbacks.url, changed.column5), \
            COALESCE(callbacks.receiver, changed.column6), changed.column4, changed.column4, 'pending', 0, '[]' FROM (";
        let those = ") AS changed LEFT JOIN callbacks ON callbacks.order_id = changed.column1 \
            WHERE COALESCE(callbacks.url, changed.column5) IS NOT NULL ON CONFLICT (order_id, version) DO NOTHING";
        rows::write(transaction, insert, "(?, ?, ?, ?, ?, ?)", values.collect(), those).await
    }

    /// What was added is committed.
    pub(crate) fn wake(&self) {
        self.0.news.notify_one();
    }

    /// Resolves when something was added since the last call, or the time is up.
    pub(super) async fn news(&self, at_most: Duration) {
        let _ = tokio::time::timeout(at_most, self.0.news.notified()).await;
    }
}
