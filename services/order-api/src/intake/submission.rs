//! What is handed in, and what comes back.

use std::sync::Arc;

use bytes::Bytes;

use crate::{entities::order, webhooks::Callback};

/// Orders that are written together or not at all.
#[derive(Clone, Debug)]
pub(crate) struct Submission {
    pub(crate) orders: Vec<NewOrder>,
    /// For a request that may be repeated without effect.
    pub(crate) once: Option<Once>,
}

#[derive(Clone, Debug)]
pub(crate) struct NewOrder {
    pub(crate) row: Arc<order::Model>,
    /// W3C trace context of the request.
    pub(crate) traceparent: Option<String>,
    /// Boxed: most have none, and thousands wait here.
    pub(crate) callback: Option<Box<Callback>>,
}

/// An `Idempotency-Key` and what it stands for.
#[derive(Clone, Debug)]
pub(crate) struct Once {
    pub(crate) key: String,
    pub(crate) fingerprint: [u8; 32],
    /// What will be answered, now and to a repeat.
    pub(crate) answer: Bytes,
}

/// The submission is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Receipt {
    /// By this call.
    Stored,
    /// An earlier request with the same key and body had stored it, and was answered this.
    Replayed(Bytes),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IntakeError {
    #[error("more orders wait than can be written")]
    Overloaded,
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The reason is in the log.
    #[error("the database can't be written")]
    Storage,
}
