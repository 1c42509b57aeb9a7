//! One order, as far as the projection must know it, and the step that an event makes of it, or order-api's own record.

use contract::{Event, EventData, EventKind, InvalidTransition, Status, Timestamp};

use super::record::OrderRecord;

/// From one end to the next an order is placed again, taken, and ended: as many versions lie between them at least.
/// Undoing what was done outside is one version, and no end.
const BETWEEN_ENDS: u32 = 3;

/// An order that was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderState {
    /// Of the last event that was applied.
    pub version: u32,
    pub status: Status,
    pub placed_at: Timestamp,
    /// When its first attempt began, where an event has told.
    pub first_started_at: Option<Timestamp>,
    /// The version at which the durations of its newest end were counted.
    pub measured_version: Option<u32>,
}

/// Why an event changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ignored {
    /// It was applied before, or one that came after it was.
    #[error("the order has version {0} already")]
    NotNew(u32),
    #[error(transparent)]
    Invalid(#[from] InvalidTransition),
}

impl OrderState {
    /// The state after the event. `known` is `None` for an order that no event has told of: it need not be `placed`, for
    /// that may have been lost, or be on its way to another replica.
    pub fn after(known: Option<&Self>, event: &Event) -> Result<Self, Ignored> {
        let (kind, version) = (event.kind(), event.version());
        let status = match known {
            None => unseen_before(kind).apply(kind)?,
            Some(order) if version <= order.version => return Err(Ignored::NotNew(order.version)),
            Some(order) => reach(order.status, kind, version - order.version > 1)?,
        };
        let first_started_at = known.and_then(|order| order.first_started_at);
        let is_end = matches!(kind, EventKind::Completed | EventKind::Failed);
        Ok(Self {
            version,
            status,
            placed_at: known.map_or_else(|| placed_at(event), |order| order.placed_at),
            first_started_at: first_started_at.or_else(|| first_start(event)),
            measured_version: if is_end {
                Some(version)
            } else {
                known.and_then(|order| order.measured_version)
            },
        })
    }

    /// The state that order-api's record makes of what is known; `None` where it has nothing new. Of the same version only
    /// what was inferred can be news: a status that something missing led to, and an end that nothing but what came after it
    /// has told of.
    pub fn corrected(known: Option<&Self>, record: &OrderRecord) -> Option<Self> {
        let measured = known.and_then(|order| order.measured_version);
        let is_measured = measured.is_some_and(|version| record.version < version + BETWEEN_ENDS);
        let ends = record.end().is_some() && !is_measured;
        let is_new = known.is_none_or(|order| {
            record.version > order.version
                || (record.version == order.version && (ends || record.status != order.status))
        });
        is_new.then(|| Self {
            version: record.version,
            status: record.status,
            placed_at: known.map_or(record.placed_at, |order| order.placed_at),
            first_started_at: known.and_then(|order| order.first_started_at).or(record.first_start()),
            measured_version: if ends { Some(record.version) } else { measured },
        })
    }
}

/// The status after the event. Where versions are missing in between, one event that was not seen may have led to it:
/// a failed order that completes was placed again.
fn reach(status: Status, kind: EventKind, something_is_missing: bool) -> Result<Status, InvalidTransition> {
    let direct = status.apply(kind);
    if direct.is_ok() || !something_is_missing {
        return direct;
    }
    let through = |missing| status.apply(missing).and_then(|between| between.apply(kind)).ok();
    EventKind::ALL.into_iter().find_map(through).map_or(direct, Ok)
}

/// What an order of which nothing was seen must have been just before.
const fn unseen_before(kind: EventKind) -> Status {
    match kind {
        EventKind::Compensated => Status::Failed,
        _ => Status::Pending,
    }
}

fn placed_at(event: &Event) -> Timestamp {
    match &event.data {
        EventData::Placed(_) => event.envelope.time,
        EventData::Processing(data) => data.placed_at,
        EventData::Completed(data) => data.placed_at,
        EventData::Failed(data) => data.placed_at,
        EventData::Retrying(data) => data.placed_at,
        EventData::Cancelled(data) => data.placed_at,
        EventData::Compensated(data) => data.placed_at,
    }
}

/// When the first attempt began, if the event tells.
fn first_start(event: &Event) -> Option<Timestamp> {
    match &event.data {
        EventData::Processing(data) if data.attempt == 1 => Some(event.envelope.time),
        EventData::Completed(data) if data.attempt == 1 => Some(data.started_at),
        EventData::Failed(data) if data.attempt == 1 => Some(data.started_at),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use contract::samples;

    use super::*;

    fn sample(kind: EventKind, version: u32) -> Event {
        let mut event = samples::events().into_iter().find(|event| event.kind() == kind).unwrap();
        match &mut event.data {
            EventData::Placed(data) => data.version = version,
            EventData::Processing(data) => data.version = version,
            EventData::Completed(data) => data.version = version,
            EventData::Failed(data) => data.version = version,
            EventData::Retrying(data) => data.version = version,
            EventData::Cancelled(data) => data.version = version,
            EventData::Compensated(data) => data.version = version,
        }
        event
    }

    fn state(status: Status, version: u32) -> OrderState {
        OrderState {
            version,
            status,
            placed_at: Timestamp::from_micros(7),
            first_started_at: None,
            measured_version: None,
        }
    }

    fn failed(version: u32) -> OrderRecord {
        let at = |micros| Some(Timestamp::from_micros(micros));
        OrderRecord {
            order_id: samples::events()[0].order_id(),
            status: Status::Failed,
            version,
            placed_at: Timestamp::from_micros(7),
            started_at: at(8),
            finished_at: at(9),
            attempts: 1,
        }
    }

    #[test]
    fn a_record_that_is_not_newer_is_left_alone() {
        let order = OrderState { measured_version: Some(3), ..state(Status::Failed, 3) };
        for version in [1, 2, 3] {
            assert_eq!(OrderState::corrected(Some(&order), &failed(version)), None);
        }
        let placed_again = state(Status::Pending, 4);
        assert_eq!(OrderState::corrected(Some(&placed_again), &failed(3)), None);
    }

    /// What led to its compensation was not seen, and is taken for a failure.
    #[test]
    fn a_status_that_was_inferred_is_put_right() {
        let compensated = sample(EventKind::Compensated, 3);
        let order = OrderState::after(Some(&state(Status::Pending, 1)), &compensated).unwrap();
        assert_eq!(order.status, Status::Failed);
        let record = OrderRecord { status: Status::Cancelled, ..failed(3) };
        let order = OrderState::corrected(Some(&order), &record).unwrap();
        assert_eq!((order.status, order.measured_version), (Status::Cancelled, None));
    }

    #[test]
    fn an_end_is_measured_once() {
        let measured = |known, version| {
            OrderState::corrected(known, &failed(version)).map(|order| order.measured_version)
        };
        assert_eq!(measured(None, 3), Some(Some(3)));
        let order = OrderState { measured_version: Some(3), ..state(Status::Failed, 3) };
        assert_eq!(measured(Some(&order), 4), Some(Some(3)), "it was undone, and failed no second time");
        assert_eq!(measured(Some(&order), 6), Some(Some(6)), "it was placed again, and failed again");
        // Known to have failed from what came after it.
        assert_eq!(measured(Some(&state(Status::Failed, 4)), 4), Some(Some(4)));
    }

    #[test]
    fn an_order_is_counted_by_whatever_tells_of_it_first() {
        for kind in EventKind::ALL {
            let event = sample(kind, 3);
            let order = OrderState::after(None, &event).unwrap();
            let placed_at = samples::events()[0].envelope.time;
            assert_eq!((order.version, order.placed_at), (3, placed_at), "{kind}");
            assert_eq!(Ok(order.status), unseen_before(kind).apply(kind));
        }
    }

    #[test]
    fn what_is_not_above_the_version_is_ignored() {
        let order = state(Status::Processing, 4);
        for version in [1, 4] {
            let event = sample(EventKind::Completed, version);
            assert_eq!(OrderState::after(Some(&order), &event), Err(Ignored::NotNew(4)));
        }
        assert_eq!(
            OrderState::after(Some(&order), &sample(EventKind::Completed, 5)).unwrap().status,
            Status::Completed
        );
    }

    /// With and without a gap in the versions: what is missing is inferred only where something is missing.
    #[test]
    fn one_missing_event_is_bridged_and_a_final_order_stays_final() {
        use EventKind as E;
        use Status::{Cancelled, Completed, Failed, Pending, Processing};
        for (from, kind, bridged) in [
            (Failed, E::Processing, Some(Processing)),
            (Failed, E::Completed, Some(Completed)),
            (Failed, E::Cancelled, Some(Cancelled)),
            (Pending, E::Compensated, Some(Failed)),
            (Processing, E::Placed, Some(Pending)),
            (Processing, E::Cancelled, Some(Cancelled)),
            (Completed, E::Failed, None),
            (Completed, E::Placed, None),
            (Cancelled, E::Processing, None),
        ] {
            let after = |version| OrderState::after(Some(&state(from, 2)), &sample(kind, version));
            let refused = Err(Ignored::Invalid(InvalidTransition { from, attempted: kind }));
            assert_eq!(after(3), refused, "{from} + {kind}");
            assert_eq!(after(4).map(|order| order.status).ok(), bridged, "{from} + … + {kind}");
        }
    }

    #[test]
    fn the_first_start_is_kept() {
        let mut order = OrderState::after(None, &sample(EventKind::Placed, 1)).unwrap();
        assert_eq!(order.first_started_at, None);
        for (kind, version) in
            [(EventKind::Processing, 2), (EventKind::Retrying, 3), (EventKind::Processing, 4)]
        {
            order = OrderState::after(Some(&order), &sample(kind, version)).unwrap();
            assert_eq!(order.first_started_at, Some(sample(EventKind::Processing, 2).envelope.time));
        }
    }
}
