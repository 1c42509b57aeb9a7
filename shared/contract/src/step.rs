//! The steps of the pipeline, as they are reported in events.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

/// A step that an order runs through, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Is everything in stock; reserves it.
    Stock,
    /// Takes the payment.
    Payment,
    /// Hands the order over to fulfilment.
    Fulfilment,
}

/// How one step of one attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    Accepted,
    /// The other side said no for a business reason; asking again gives the same answer.
    Refused,
    /// No answer, or one that asks to come back: the attempt ends here, the order is tried again.
    Unavailable,
}

/// One step that was run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StepReport {
    pub step: Step,
    pub outcome: StepOutcome,
    pub started_at: Timestamp,
    /// Microseconds.
    pub duration_us: u64,
}

/// Why an attempt or an order failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FailureReason {
    /// Stable, for programs: `payment_refused`, `stock_unavailable`, …
    pub code: String,
    /// For people.
    pub message: String,
}

impl Step {
    pub const ALL: [Self; 3] = [Self::Stock, Self::Payment, Self::Fulfilment];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stock => "stock",
            Self::Payment => "payment",
            Self::Fulfilment => "fulfilment",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
