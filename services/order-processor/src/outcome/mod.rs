//! What becomes of an order after an attempt. After a run: one total function over (how the run ended, which attempt it was).
//!
//! | the run | attempts left | decision | to be [undone](undo) |
//! |---|---|---|---|
//! | every step accepted | any | completed | |
//! | a step refused | any | failed, `<step>_refused` | the steps before it |
//! | a step unavailable | yes | another attempt after a pause, `<step>_unavailable` | |
//! | a step unavailable | no | failed, `<step>_unavailable` | all steps |
//!
//! A failure lists what has to be undone, and no more: whether it is the order's end order-api decides, whose database never
//! forgets that the order was completed. Its command to compensate comes back here; [`compensated`] is what follows from that.

mod compensated;
mod report;
mod undo;

use contract::{FailureReason, Step};

use self::undo::to_undo;
pub(crate) use self::{compensated::conclude_compensation, report::conclude};
use crate::pipeline::StepFailure;

/// How an attempt ended, as the ledger and the metrics name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Completed,
    Failed,
    Retrying,
    /// What was done for the failed order is undone.
    Compensated,
    /// Something is left to undo.
    Compensating,
}

/// What follows from a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Complete,
    Fail {
        reason: FailureReason,
        /// In this order.
        undo: Vec<Step>,
    },
    Retry(FailureReason),
}

impl Outcome {
    pub(crate) const ALL: [Self; 5] =
        [Self::Completed, Self::Failed, Self::Retrying, Self::Compensated, Self::Compensating];

    /// Whether the attempt was one to undo.
    pub(crate) const fn is_compensation(self) -> bool {
        match self {
            Self::Completed | Self::Failed | Self::Retrying => false,
            Self::Compensated | Self::Compensating => true,
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Retrying => "retrying",
            Self::Compensated => "compensated",
            Self::Compensating => "compensating",
        }
    }
}

impl Decision {
    pub(crate) const fn outcome(&self) -> Outcome {
        match self {
            Self::Complete => Outcome::Completed,
            Self::Fail { .. } => Outcome::Failed,
            Self::Retry(_) => Outcome::Retrying,
        }
    }
}

/// `failure` is what ended the run, `attempt` which one it was; `can_undo` whether somebody undoes a step.
pub(crate) fn decide(
    failure: Option<(Step, StepFailure)>,
    attempt: u32,
    max_attempts: u32,
    can_undo: impl Fn(Step) -> bool,
) -> Decision {
    let Some((step, failure)) = failure else { return Decision::Complete };
    let undo = to_undo(step, &failure, can_undo);
    match failure {
        StepFailure::Refused(message) => Decision::Fail { reason: reason(step, "refused", message), undo },
        StepFailure::Unavailable(message) if attempt < max_attempts => {
            Decision::Retry(reason(step, "unavailable", message))
        }
        StepFailure::Unavailable(message) => {
            Decision::Fail { reason: reason(step, "unavailable", message), undo }
        }
    }
}

fn reason(step: Step, what: &str, message: String) -> FailureReason {
    FailureReason { code: format!("{step}_{what}"), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: u32 = 3;

    /// The whole matrix: every end of a run, in the attempts before the last, the last, and beyond it (the limit was
    /// lowered while the order was on its way).
    #[test]
    fn the_whole_matrix() {
        let refused = |step| Some((step, StepFailure::Refused("no".to_owned())));
        let unavailable = |step| Some((step, StepFailure::Unavailable("later".to_owned())));
        let decide = |failure, attempt| decide(failure, attempt, MAX, |_| true);
        let reversed = [Step::Fulfilment, Step::Payment, Step::Stock];
        for attempt in 1..=MAX + 1 {
            assert_eq!(decide(None, attempt), Decision::Complete);
            for (step, name, before) in [
                (Step::Stock, "stock", &reversed[3..]),
                (Step::Payment, "payment", &reversed[2..]),
                (Step::Fulfilment, "fulfilment", &reversed[1..]),
            ] {
                let reason = FailureReason { code: format!("{name}_refused"), message: "no".to_owned() };
                let expected = Decision::Fail { reason, undo: before.to_vec() };
                assert_eq!(decide(refused(step), attempt), expected);
                let reason =
                    FailureReason { code: format!("{name}_unavailable"), message: "later".to_owned() };
                let expected = if attempt < MAX {
                    Decision::Retry(reason)
                } else {
                    Decision::Fail { reason, undo: reversed.to_vec() }
                };
                assert_eq!(decide(unavailable(step), attempt), expected, "attempt {attempt}");
            }
        }
    }

    #[test]
    fn every_decision_has_its_name() {
        let because = || reason(Step::Stock, "refused", String::new());
        let failure = Decision::Fail { reason: because(), undo: Vec::new() };
        let names = [Decision::Complete, failure, Decision::Retry(because())]
            .map(|decision| decision.outcome().as_str());
        assert_eq!(names, ["completed", "failed", "retrying"]);
        assert_eq!(Outcome::ALL.map(Outcome::as_str)[..3], names);
        assert_eq!(Outcome::ALL.map(Outcome::is_compensation), [false, false, false, true, true]);
    }
}
