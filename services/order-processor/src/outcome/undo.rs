//! What has to be undone for an order that fails for good: a function of how its last run ended, and of nothing else.
//!
//! | the run ended with | to be undone |
//! |---|---|
//! | a step refused | the steps before it |
//! | a step unavailable | all steps |
//!
//! A refused step is not done, and its service answers everybody alike: no other attempt and no other worker got further.
//! One that is unavailable says nothing: another worker may hold the same order, and call any step even after this.

use contract::Step;

use crate::pipeline::StepFailure;

/// The last step first, as far as somebody undoes it.
pub(super) fn to_undo(step: Step, failure: &StepFailure, can_undo: impl Fn(Step) -> bool) -> Vec<Step> {
    let may_be_done = match failure {
        StepFailure::Refused(_) => &Step::ALL[..step as usize],
        StepFailure::Unavailable(_) => &Step::ALL[..],
    };
    may_be_done.iter().rev().copied().filter(|step| can_undo(*step)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STOCK: Step = Step::Stock;
    const PAYMENT: Step = Step::Payment;
    const FULFILMENT: Step = Step::Fulfilment;

    /// Every end of a run with every set of steps that somebody undoes.
    #[test]
    fn the_whole_matrix() {
        let refused = || StepFailure::Refused(String::new());
        let unavailable = || StepFailure::Unavailable(String::new());
        let all = &[FULFILMENT, PAYMENT, STOCK][..];
        for (step, failure, listed) in [
            (STOCK, refused(), &[][..]),
            (PAYMENT, refused(), &[STOCK]),
            (FULFILMENT, refused(), &[PAYMENT, STOCK]),
            (STOCK, unavailable(), all),
            (PAYMENT, unavailable(), all),
            (FULFILMENT, unavailable(), all),
        ] {
            for undoable in 0..8 {
                let can_undo = |step| undoable & (1 << step as usize) != 0;
                let expected: Vec<_> = listed.iter().copied().filter(|step| can_undo(*step)).collect();
                assert_eq!(to_undo(step, &failure, can_undo), expected, "{step} {failure:?} {undoable:03b}");
            }
        }
    }
}
