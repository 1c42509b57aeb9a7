//! What may go wrong, and what people may do: how often each, in one run. Everything else happens as often as it can.

use crate::{
    check::{Action, Check},
    state::World,
    worker::Stage,
};

/// How often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Faults {
    /// Redis comes back as it was at some earlier moment: any.
    pub losses: u8,
    /// Redis comes back empty.
    pub flushes: u8,
    /// order-api dies and starts again.
    pub api_crashes: u8,
    /// A worker dies and starts again.
    pub worker_crashes: u8,
    /// A message is taken over from a worker that lives.
    pub stalls: u8,
    /// A call is carried out, and its answer lost.
    pub lost_answers: u8,
    /// A step gives no answer.
    pub absences: u8,
    /// Somebody cancels an order.
    pub cancellations: u8,
    /// Somebody has a failed order tried again.
    pub retries: u8,
}

impl Check {
    /// What people may do, and what may go wrong.
    pub(crate) fn mishaps(&self, world: &World, actions: &mut Vec<Action>) {
        let (api, redis, left) = (&world.api, &world.redis, &world.left);
        for (number, order) in api.placed() {
            if left.cancellations > 0 && self.cancellable(world, number, *order).is_some() {
                actions.push(Action::Cancel(number));
                if left.lost_answers > 0 {
                    actions.push(Action::CancelUnanswered(number));
                }
            }
            if left.retries > 0 && api.may_retry(number) {
                actions.push(Action::Retry(number));
            }
        }
        if left.lost_answers > 0 {
            if actions.contains(&Action::Publish) {
                actions.push(Action::PublishUnanswered);
            }
            if actions.contains(&Action::Follow) {
                actions.push(Action::FollowUnacknowledged);
            }
        }
        if left.api_crashes > 0 {
            actions.push(Action::ApiCrash);
        }
        for (worker, hand) in world.hands.iter().enumerate() {
            let Some(hand) = hand else {
                let held = redis.pending().filter(|(id, _)| left.stalls > 0 && world.holds(*id));
                actions.extend(held.map(|(id, _)| Action::Reclaim(worker, id)));
                continue;
            };
            if left.worker_crashes > 0 {
                actions.push(Action::WorkerCrash(worker));
            }
            if left.lost_answers > 0 && matches!(hand.stage, Stage::Decided(_)) {
                actions.push(Action::FinishUnanswered(worker));
            }
        }
        if left.losses > 0 {
            actions.push(if world.synced.is_some() { Action::Lose } else { Action::Sync });
        }
        if left.flushes > 0 && redis.epoch > 0 {
            actions.push(Action::Flush);
        }
    }
}
