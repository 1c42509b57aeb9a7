//! One event applied to one order's state: pure.

use contract::{Event, EventData, EventKind, FailureReason, InvalidTransition, Status};
use uuid::Uuid;

/// The part of an order that events change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) id: Uuid,
    pub(super) status: Status,
    pub(super) version: i32,
    pub(super) attempts: i32,
    pub(super) started_at: Option<i64>,
    pub(super) updated_at: i64,
    pub(super) completed_at: Option<i64>,
    pub(super) failure: Option<FailureReason>,
    pub(super) compensating: bool,
}

/// What an event did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Applied {
    Changed,
    /// It is not above the order's version: delivered before, or late.
    Old,
}

impl State {
    /// Applies the event if it is newer than the state.
    ///
    /// # Errors
    /// It is newer and can't happen to an order in this status; the state stays as it was.
    pub(super) fn apply(&mut self, event: &Event) -> Result<Applied, InvalidTransition> {
        let version = i32::try_from(event.version()).unwrap_or(i32::MAX);
        if version <= self.version {
            return Ok(Applied::Old);
        }
        self.status = self.status.apply(event.kind())?;
        self.version = version;
        let time = event.envelope.time.as_micros();
        // What is undone afterwards does not change where the order stands.
        if event.kind() != EventKind::Compensated {
            // The clocks of two machines differ; an order's last change never lies before its first.
            self.updated_at = self.updated_at.max(time);
        }
        match &event.data {
            // A person's retry: the order is as new.
            EventData::Placed(_) => self.failure = None,
            EventData::Processing(processing) => {
                self.attempts = self.attempts.max(i32::try_from(processing.attempt).unwrap_or(i32::MAX));
                self.started_at = Some(time);
            }
            EventData::Completed(completed) => {
                self.attempts = self.attempts.max(i32::try_from(completed.attempt).unwrap_or(i32::MAX));
                self.started_at = Some(completed.started_at.as_micros());
                self.completed_at = Some(time);
                self.failure = None;
            }
            EventData::Failed(failed) => {
                self.attempts = self.attempts.max(i32::try_from(failed.attempt).unwrap_or(i32::MAX));
                self.started_at = Some(failed.started_at.as_micros());
                self.failure = Some(failed.reason.clone());
                self.compensating = !failed.compensating.is_empty();
            }
            EventData::Retrying(retrying) => self.failure = Some(retrying.reason.clone()),
            EventData::Compensated(_) => self.compensating = false,
            EventData::Cancelled(_) => {}
        }
        Ok(Applied::Changed)
    }
}

#[cfg(test)]
mod tests {
    use contract::samples;

    use super::*;

    fn pending() -> State {
        State {
            id: samples::events()[0].order_id().as_uuid(),
            status: Status::Pending,
            version: 1,
            attempts: 0,
            started_at: None,
            updated_at: 0,
            completed_at: None,
            failure: None,
            compensating: false,
        }
    }

    #[test]
    fn an_event_is_applied_once_and_a_late_one_not_at_all() {
        let [_, processing, completed, failed, ..] = &samples::events()[..] else { panic!("seven samples") };
        let mut state = pending();
        assert_eq!(state.apply(processing), Ok(Applied::Changed));
        assert_eq!((state.status, state.attempts, state.version), (Status::Processing, 1, 2));
        assert_eq!(state.apply(completed), Ok(Applied::Changed));
        assert_eq!(state.completed_at, Some(completed.envelope.time.as_micros()));
        let done = state.clone();
        for late in [processing, completed, failed] {
            assert_eq!(state.apply(late), Ok(Applied::Old));
        }
        assert_eq!(state, done);
    }

    #[test]
    fn a_completion_that_overtakes_its_processing_is_applied() {
        let events = samples::events();
        let mut state = pending();
        state.apply(&events[2]).unwrap();
        assert_eq!((state.status, state.attempts), (Status::Completed, 1));
    }

    #[test]
    fn what_cannot_happen_changes_nothing() {
        let mut state = State { status: Status::Cancelled, ..pending() };
        let before = state.clone();
        state.apply(&samples::events()[2]).unwrap_err();
        assert_eq!(state, before);
    }

    #[test]
    fn what_is_undone_is_known_until_it_is_reported() {
        let events = samples::events();
        let mut state = pending();
        state.apply(&events[3]).unwrap();
        assert_eq!((state.status, state.compensating), (Status::Failed, true));
        let failed_at = state.updated_at;
        state.apply(&events[6]).unwrap();
        assert_eq!((state.status, state.compensating), (Status::Failed, false));
        assert_eq!(state.updated_at, failed_at, "the time of its end stays");
    }

    #[test]
    fn a_failure_has_its_reason_until_it_is_overcome() {
        let events = samples::events();
        let mut state = pending();
        state.apply(&events[4]).unwrap();
        assert_eq!(
            (state.status, state.failure.as_ref().unwrap().code.as_str()),
            (Status::Pending, "payment_unavailable")
        );
        let mut completed = events[2].clone();
        let EventData::Completed(data) = &mut completed.data else { panic!("a completion") };
        data.version = 5;
        state.apply(&completed).unwrap();
        assert_eq!((state.status, &state.failure), (Status::Completed, &None));
    }
}
