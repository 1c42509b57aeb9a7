//! What may have been done outside for an order, and what of it is undone when the order fails for good.
//!
//! | a step of this run | touched by an earlier attempt | delivered before | may have been done |
//! |---|---|---|---|
//! | accepted, or unavailable: who knows | any | any | yes |
//! | any | yes | any | yes |
//! | any | any | yes: a worker that crashed or stalled may have called any step | yes |
//! | refused, or not called | no | no | no |

use contract::{Step, StepOutcome, StepReport};

/// The steps that may have been done by now, in their order: what the next attempt has to know.
pub(super) fn touched(run: &[StepReport], before: &[Step], redelivered: bool) -> Vec<Step> {
    let in_run = |step| run.iter().any(|report| report.step == step && may_have_been_done(report.outcome));
    Step::ALL.into_iter().filter(|step| redelivered || before.contains(step) || in_run(*step)).collect()
}

/// What is undone of that, the last step first, as far as somebody undoes it.
pub(super) fn to_undo(touched: &[Step], can_undo: impl Fn(Step) -> bool) -> Vec<Step> {
    Step::ALL.into_iter().rev().filter(|step| touched.contains(step) && can_undo(*step)).collect()
}

const fn may_have_been_done(outcome: StepOutcome) -> bool {
    match outcome {
        StepOutcome::Accepted | StepOutcome::Unavailable => true,
        StepOutcome::Refused => false,
    }
}

#[cfg(test)]
mod tests {
    use contract::Timestamp;

    use super::*;

    const IN_RUN: [Option<StepOutcome>; 4] =
        [None, Some(StepOutcome::Accepted), Some(StepOutcome::Refused), Some(StepOutcome::Unavailable)];

    /// The whole matrix for one step: how it ended in this run, touched before, delivered before, and whether it may have
    /// been done.
    #[test]
    fn the_whole_matrix_of_a_step() {
        for step in Step::ALL {
            for outcome in IN_RUN {
                let report = |outcome| StepReport {
                    step,
                    outcome,
                    started_at: Timestamp::from_micros(0),
                    duration_us: 0,
                };
                let run: Vec<_> = outcome.map(report).into_iter().collect();
                let done_in_run = matches!(outcome, Some(StepOutcome::Accepted | StepOutcome::Unavailable));
                for (before, redelivered, expected) in [
                    (&[][..], false, done_in_run),
                    (&[step], false, true),
                    (&[], true, true),
                    (&[step], true, true),
                ] {
                    let touched = touched(&run, before, redelivered);
                    assert_eq!(
                        touched.contains(&step),
                        expected,
                        "{step} {outcome:?} {before:?} {redelivered}"
                    );
                    let others = Step::ALL.into_iter().filter(|other| *other != step);
                    for other in others {
                        assert_eq!(touched.contains(&other), redelivered, "{step} {other}");
                    }
                    assert!(touched.is_sorted_by_key(|step| *step as usize));
                }
            }
        }
    }

    /// Every set of touched steps with every set of steps that can be undone.
    #[test]
    fn what_is_touched_and_can_be_undone_is_undone_in_reverse() {
        let set = |bits: usize| Step::ALL.into_iter().filter(move |step| bits & (1 << *step as usize) != 0);
        for touched in 0..8 {
            for undoable in 0..8 {
                let undone =
                    to_undo(&set(touched).collect::<Vec<_>>(), |step| undoable & (1 << step as usize) != 0);
                let expected: Vec<_> = set(touched & undoable).collect();
                assert_eq!(undone.into_iter().rev().collect::<Vec<_>>(), expected);
            }
        }
    }
}
