//! Waiting until an order is final.

use std::time::{Duration, Instant};

use contract::Status;

use crate::{
    client::{Client, may_pass, model::Order},
    exit::{Exit, Failure},
    output::{safe, words},
};

/// Before asking again a service that does not answer.
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Clone, Copy)]
pub(super) struct Deadline(Instant);

impl Deadline {
    pub(super) fn after(seconds: u64) -> Self {
        let now = Instant::now();
        // A wait that no clock can hold is one for a day.
        Self(now.checked_add(Duration::from_secs(seconds)).unwrap_or(now + Duration::from_hours(24)))
    }

    fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

/// The order once it is final, or as it is at the deadline. A service that is away meanwhile is asked again.
pub(super) async fn until_final(
    client: &Client,
    mut order: Order,
    deadline: Deadline,
) -> Result<Order, Failure> {
    while !order.status.is_final() {
        let left = deadline.left();
        if left.is_zero() {
            break;
        }
        match client.get_when_final(&order.order_id, left.as_secs().max(1)).await {
            Ok(now) => order = now,
            Err(failure) if may_pass(&failure) && deadline.left() > PAUSE => tokio::time::sleep(PAUSE).await,
            Err(failure) => return Err(failure),
        }
    }
    Ok(order)
}

/// How the order's status ends the command; completed is success.
pub(in crate::commands) const fn exit(status: Status) -> Option<Exit> {
    match status {
        Status::Completed => None,
        Status::Failed => Some(Exit::OrderFailed),
        Status::Cancelled => Some(Exit::OrderCancelled),
        Status::Pending | Status::Processing => Some(Exit::NotYet),
    }
}

pub(super) fn sentence(order: &Order, waited_secs: u64) -> String {
    let after = words::duration(order.updated_at.since(order.created_at));
    let reason = order.failure_reason.as_ref();
    let reason = reason
        .map_or_else(String::new, |reason| format!(": {} ({})", safe(&reason.message), safe(&reason.code)));
    if order.status.is_final() {
        format!("{} after {after}{reason}", order.status)
    } else {
        format!("still {} after {waited_secs} s", order.status)
    }
}
