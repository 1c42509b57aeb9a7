//! The life of an order: one total function over (status, event).
//!
//! ```text
//!              processing            completed
//!   Pending ───────────────▶ Processing ─────▶ Completed
//!    │  ▲ ▲                    │     │
//!    │  │ └────── retrying ────┘     │ failed
//!    │  └─ placed (by a person) ─┐   ▼
//!    └─ cancelled ─▶ Cancelled   └─ Failed ⟲ compensated
//!                       ⟲ compensated
//! ```
//!
//! Pending jumps straight to a final status where a consumer never saw `processing`: its events were
//! published again after a loss, or another replica took them. A cancelled order is compensated where a Redis that lost its
//! last moments forgot the cancellation, and a worker worked on it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Where an order stands; lower case on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Accepted and not in work: waiting for its first attempt, or for the next one.
    Pending,
    Processing,
    Completed,
    Failed,
    Cancelled,
}

/// What can happen to an order; the last word of the event's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    Placed,
    Processing,
    Completed,
    Failed,
    Retrying,
    Cancelled,
    Compensated,
}

/// The event may not happen to an order in this status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an order that is {from} can't take {attempted}")]
pub struct InvalidTransition {
    pub from: Status,
    pub attempted: EventKind,
}

/// The text names no status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one of pending, processing, completed, failed, cancelled")]
pub struct UnknownStatus;

impl Status {
    pub const ALL: [Self; 5] =
        [Self::Pending, Self::Processing, Self::Completed, Self::Failed, Self::Cancelled];

    /// The status after the event. Final ones stay, but for a failed order that a person places again.
    pub const fn apply(self, event: EventKind) -> Result<Self, InvalidTransition> {
        use EventKind as E;
        match (self, event) {
            (Self::Pending | Self::Failed, E::Placed) | (Self::Pending | Self::Processing, E::Retrying) => {
                Ok(Self::Pending)
            }
            (Self::Pending | Self::Processing, E::Processing) => Ok(Self::Processing),
            (Self::Pending | Self::Processing, E::Completed) => Ok(Self::Completed),
            (Self::Pending | Self::Processing, E::Failed) | (Self::Failed, E::Compensated) => {
                Ok(Self::Failed)
            }
            (Self::Pending, E::Cancelled) | (Self::Cancelled, E::Compensated) => Ok(Self::Cancelled),
            (from, attempted) => Err(InvalidTransition { from, attempted }),
        }
    }

    /// Nothing but a person's retry changes it any more.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(UnknownStatus)
    }
}

impl EventKind {
    pub const ALL: [Self; 7] = [
        Self::Placed,
        Self::Processing,
        Self::Completed,
        Self::Failed,
        Self::Retrying,
        Self::Cancelled,
        Self::Compensated,
    ];

    /// The CloudEvents `type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Placed => "order.placed",
            Self::Processing => "order.processing",
            Self::Completed => "order.completed",
            Self::Failed => "order.failed",
            Self::Retrying => "order.retrying",
            Self::Cancelled => "order.cancelled",
            Self::Compensated => "order.compensated",
        }
    }

    /// The kind with this CloudEvents `type`.
    pub fn from_type(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole matrix, written out by hand: rows are statuses, columns the events in `EventKind::ALL`.
    #[test]
    fn the_whole_matrix() {
        use Status::{Cancelled as X, Completed as C, Failed as F, Pending as P, Processing as W};
        const NO: Option<Status> = None;
        //            placed   processing completed failed   retrying cancelled compensated
        let matrix = [
            (P, [Some(P), Some(W), Some(C), Some(F), Some(P), Some(X), NO]),
            (W, [NO, Some(W), Some(C), Some(F), Some(P), NO, NO]),
            (C, [NO, NO, NO, NO, NO, NO, NO]),
            (F, [Some(P), NO, NO, NO, NO, NO, Some(F)]),
            (X, [NO, NO, NO, NO, NO, NO, Some(X)]),
        ];
        for (from, row) in matrix {
            for (event, expected) in EventKind::ALL.into_iter().zip(row) {
                let expected = expected.ok_or(InvalidTransition { from, attempted: event });
                assert_eq!(from.apply(event), expected, "{from} + {event}");
            }
        }
    }

    #[test]
    fn names_are_read_back() {
        for status in Status::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
            assert_eq!(serde_json::to_string(&status).unwrap(), format!("\"{status}\""));
        }
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_type(kind.as_str()), Some(kind));
        }
        assert_eq!("Pending".parse::<Status>(), Err(UnknownStatus));
        assert_eq!(EventKind::from_type("order.lost"), None);
    }
}
