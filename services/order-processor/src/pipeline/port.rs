//! The port to the services that answer for the steps, and its two adapters.
//!
//! An adapter chooses between the two ways to fail; there is no third. An enum and not a boxed trait: there are exactly
//! these two, and a simulated step without latency costs nothing.

use contract::{OrderContent, OrderId, Step, Timestamp};

use super::{http::Http, simulated::Simulated};

/// Why a step was not accepted. The text is for people, and goes into the order's failure reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StepFailure {
    /// The other side said no; asking again gives the same answer.
    Refused(String),
    /// No answer, or one that asks to come back.
    Unavailable(String),
}

impl StepFailure {
    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::Refused(reason) | Self::Unavailable(reason) => reason,
        }
    }
}

/// Why a step is not undone. There is one way only: to be tried again, for nothing that has to be undone is given up. The
/// text is for people, and goes into the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotUndone(pub(crate) String);

/// What a step is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work<'a> {
    pub(crate) order_id: OrderId,
    /// The version that this life of the order was placed with.
    pub(crate) life: u32,
    /// 1 for the first.
    pub(crate) attempt: u32,
    pub(crate) placed_at: Timestamp,
    pub(crate) content: &'a OrderContent,
    /// The trace context that came with the order, for when this process traces nothing.
    pub(crate) traceparent: Option<&'a str>,
}

/// Who answers for the steps.
#[derive(Debug)]
pub(crate) enum Services {
    Simulated(Simulated),
    Http(Box<Http>),
}

impl Services {
    /// Does one step for one order. Safe to repeat: the other side knows it by the order's id and the step.
    pub(crate) async fn call(&self, step: Step, work: &Work<'_>) -> Result<(), StepFailure> {
        match self {
            Self::Simulated(simulated) => simulated.call(step, work).await,
            // Boxed: the future of a client library would make that of every simulated step as large.
            Self::Http(http) => Box::pin(http.call(step, work)).await,
        }
    }

    /// Whether somebody undoes this step.
    pub(super) fn can_undo(&self, step: Step) -> bool {
        match self {
            Self::Simulated(_) => true,
            Self::Http(http) => http.can_undo(step),
        }
    }

    /// Undoes one step of one order, which may have been done or not. False: nobody undoes it. Safe to repeat.
    pub(super) async fn undo(&self, step: Step, work: &Work<'_>) -> Result<bool, NotUndone> {
        match self {
            Self::Simulated(simulated) => simulated.undo(step, work).await.map(|()| true),
            // As above.
            Self::Http(http) => Box::pin(http.undo(step, work)).await,
        }
    }
}

#[cfg(test)]
pub(super) use tests::sample;

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    /// An order that owns what `Work` borrows.
    pub(in crate::pipeline) struct Sample {
        order_id: OrderId,
        pub(in crate::pipeline) attempt: u32,
        content: OrderContent,
    }

    pub(in crate::pipeline) fn sample(number: u128) -> Sample {
        let content =
            serde_json::from_str(r#"{"user_id":"user-1","item_ids":["sku-1"],"total_amount":99.99}"#);
        Sample {
            order_id: OrderId::from_uuid(Uuid::from_u128(0x019a_1b2c_3d4e_7f50_8a6b_0000_0000_0000 + number)),
            attempt: 1,
            content: content.unwrap(),
        }
    }

    impl Sample {
        pub(in crate::pipeline) fn work(&self) -> Work<'_> {
            let Self { order_id, attempt, content } = self;
            let placed_at = Timestamp::from_micros(0);
            Work { order_id: *order_id, life: 1, attempt: *attempt, placed_at, content, traceparent: None }
        }
    }
}
