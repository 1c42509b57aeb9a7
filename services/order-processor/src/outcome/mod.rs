//! What becomes of an order after an attempt. After a run: one total function over (how the run ended, which attempt it was).
//!
//! | the run | attempts left | decision |
//! |---|---|---|
//! | every step accepted | any | completed |
//! | a step refused | any | failed, `<step>_refused` |
//! | a step unavailable | yes | another attempt after a pause, `<step>_unavailable` |
//! | a step unavailable | no | failed, `<step>_unavailable` |
//!
//! With a failure goes what has to be [undone](undo), as a command of its own; [`compensated`] is what follows from that.

mod compensated;
mod report;
mod undo;

use contract::{FailureReason, Step};

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
    Fail(FailureReason),
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
            Self::Fail(_) => Outcome::Failed,
            Self::Retry(_) => Outcome::Retrying,
        }
    }
}

/// `failure` is what ended the run, `attempt` which one it was.
pub(crate) fn decide(failure: Option<(Step, StepFailure)>, attempt: u32, max_attempts: u32) -> Decision {
    match failure {
        None => Decision::Complete,
        Some((step, StepFailure::Refused(message))) => Decision::Fail(reason(step, "refused", message)),
        Some((step, StepFailure::Unavailable(message))) if attempt < max_attempts => {
            Decision::Retry(reason(step, "unavailable", message))
        }
        Some((step, StepFailure::Unavailable(message))) => {
            Decision::Fail(reason(step, "unavailable", message))
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
        for attempt in 1..=MAX + 1 {
            assert_eq!(decide(None, attempt, MAX), Decision::Complete);
            for (step, name) in
                [(Step::Stock, "stock"), (Step::Payment, "payment"), (Step::Fulfilment, "fulfilment")]
            {
                let refusal = FailureReason { code: format!("{name}_refused"), message: "no".to_owned() };
                assert_eq!(decide(refused(step), attempt, MAX), Decision::Fail(refusal));
                let absence =
                    FailureReason { code: format!("{name}_unavailable"), message: "later".to_owned() };
                let expected = if attempt < MAX { Decision::Retry(absence) } else { Decision::Fail(absence) };
                assert_eq!(decide(unavailable(step), attempt, MAX), expected, "attempt {attempt}");
            }
        }
    }

    #[test]
    fn every_decision_has_its_name() {
        let because = || reason(Step::Stock, "refused", String::new());
        let names = [Decision::Complete, Decision::Fail(because()), Decision::Retry(because())]
            .map(|decision| decision.outcome().as_str());
        assert_eq!(names, ["completed", "failed", "retrying"]);
        assert_eq!(Outcome::ALL.map(Outcome::as_str)[..3], names);
        assert_eq!(Outcome::ALL.map(Outcome::is_compensation), [false, false, false, true, true]);
    }
}
