//! order-processor: a worker with one message in hand.
//!
//! | here | there |
//! |---|---|
//! | `Take`, `Claim` | `queue/take.rs`; `reclaim.rs` of the streams, and a restart that reads its own pending entries |
//! | `Accept` | `queue/accept.rs` |
//! | `Work` | `pipeline`, `outcome/mod.rs`, `outcome/undo.rs` |
//! | `Finish` | `finish.rs`, `outcome/report.rs` |
//!
//! Between any two of them a worker may be stalled for as long as it likes. The ledger is left out: with SQLite each worker
//! has its own, so another one knows nothing of it.

use contract::EventKind;

use crate::{
    outside::{Nature, Outside, Payment},
    protocol::{Change, Protocol},
    redis::Effects,
    state::{Command, Event, Id, Task, Undo},
};

/// `processor.max_attempts`.
const MAX_ATTEMPTS: u8 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Hand {
    pub(crate) entry: Id,
    pub(crate) command: Command,
    pub(crate) stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Stage {
    Taken,
    Accepted,
    Decided(Outcome),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Outcome {
    Completed,
    Failed(Undo),
    Retry,
    Compensated,
}

/// What the pipeline gets to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// What the other side has to say.
    Given,
    /// A step before the payment gives no answer.
    NoneBefore,
    /// The payment gives no answer, and was not taken.
    NoneUnpaid,
    /// The payment was taken, and then there was no answer: of that step, or a later one.
    NonePaid,
}

impl Hand {
    pub(crate) const fn new((entry, command): (Id, Command)) -> Self {
        Self { entry, command, stage: Stage::Taken }
    }

    /// What is announced when it is accepted.
    pub(crate) const fn processing(self) -> Option<Event> {
        let Command { order, version, attempt, task, .. } = self.command;
        match task {
            Task::Process => {
                Some(Event { order, kind: EventKind::Processing, version: version + 1, attempt, undo: None })
            }
            Task::Compensate { .. } => None,
        }
    }

    /// The answers that are possible and make a difference.
    pub(crate) fn answers(self, outside: &Outside, absences: u8) -> Vec<Answer> {
        let mut answers = vec![Answer::Given];
        if self.command.task == Task::Process && absences > 0 {
            answers.extend([Answer::NoneBefore, Answer::NoneUnpaid]);
            if outside.nature != Nature::PaymentRefused && outside.payment(self.command.life) == Payment::None
            {
                answers.push(Answer::NonePaid);
            }
        }
        answers
    }

    /// Runs the pipeline, and decides.
    pub(crate) fn work(&mut self, answer: Answer, outside: &mut Outside, protocol: &Protocol) {
        let Command { life, attempt, task, .. } = self.command;
        if let Task::Compensate { payment } = task {
            if payment {
                outside.undo(life, protocol);
            }
            self.stage = Stage::Decided(Outcome::Compensated);
            return;
        }
        let unavailable = |called| match called {
            _ if attempt < MAX_ATTEMPTS => Outcome::Retry,
            false if protocol.has(Change::UndoOnlyCalled) => Outcome::Failed(Undo::BeforePayment),
            _ => Outcome::Failed(Undo::WithPayment),
        };
        let outcome = match answer {
            Answer::NoneBefore => unavailable(false),
            Answer::NoneUnpaid => unavailable(true),
            Answer::NonePaid => {
                outside.pay(life, protocol);
                unavailable(true)
            }
            Answer::Given if !outside.pay(life, protocol) => Outcome::Failed(Undo::BeforePayment),
            Answer::Given if outside.nature == Nature::RefusedLater => Outcome::Failed(Undo::WithPayment),
            Answer::Given => Outcome::Completed,
        };
        if outcome == Outcome::Failed(Undo::WithPayment) && protocol.has(Change::CompensationOutsideFence) {
            outside.undo(life, protocol);
        }
        self.stage = Stage::Decided(outcome);
    }

    /// What the finish script is asked for.
    pub(crate) fn effects(self, outcome: Outcome, protocol: &Protocol) -> Effects {
        let Command { order, version, attempt, .. } = self.command;
        let event = |kind, version, undo| Event { order, kind, version, attempt, undo };
        let nothing_more = |event| Effects { event, queue: None, delay: None };
        let end = version + 2;
        match outcome {
            Outcome::Completed => nothing_more(event(EventKind::Completed, end, None)),
            Outcome::Failed(undo) => {
                let task = Task::Compensate { payment: undo == Undo::WithPayment };
                let command = Command { version: end, attempt: 1, task, ..self.command };
                let queue = protocol.has(Change::CompensationByFinish).then_some(command);
                Effects { queue, ..nothing_more(event(EventKind::Failed, end, Some(undo))) }
            }
            Outcome::Retry => {
                let next = Command { version: end, attempt: attempt + 1, ..self.command };
                Effects { delay: Some(next), ..nothing_more(event(EventKind::Retrying, end, None)) }
            }
            Outcome::Compensated => nothing_more(event(EventKind::Compensated, version + 1, None)),
        }
    }
}
