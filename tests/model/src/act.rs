//! What a step does.

use contract::EventKind;

use crate::{
    check::{Action, Check},
    redis::Redis,
    state::{Clock, Command, Event, World},
    worker::{Answer, Hand, Stage},
};

impl Check {
    /// `None`: it can't be done.
    pub(crate) fn act(&self, world: &mut World, action: Action) -> Option<()> {
        let protocol = &self.protocol;
        let mut clock = Clock::new();
        match action {
            Action::Place(order) => world.api.place(order),
            Action::Publish | Action::PublishUnanswered => {
                let row = world.api.next_row()?;
                if world.api.is_stale(row) {
                    world.api.skip();
                    return Some(());
                }
                if world.redis.epoch == 0 {
                    world.epochs += 1;
                }
                let mark = world.redis.publish(row, world.epochs, &mut clock, protocol);
                if action == Action::Publish {
                    world.api.published(row.producer, mark);
                } else {
                    world.left.lost_answers -= 1;
                }
            }
            Action::NoteLoss => {
                let producer = world.api.next_producer();
                let found = world.redis.compare(producer, world.api.expected(producer, protocol)).err()?;
                world.api.note_loss(producer, found);
            }
            Action::Record => world.api.record(),
            Action::Follow => {
                let (_, event) = world.redis.events.remove(0);
                world.api.apply(event, protocol);
            }
            Action::FollowUnacknowledged => {
                let (_, event) = world.redis.events[0];
                world.api.apply(event, protocol);
                world.left.lost_answers -= 1;
            }
            Action::Ask => world.api.ask(&world.redis),
            Action::Put => world.api.again(&world.redis),
            Action::CancelAgain(order) => {
                // Its event can't happen to a cancelled order.
                let entry = self.forgotten(world, order)?;
                world.redis.cancelled.insert(entry);
            }
            Action::Take(worker) => {
                world.hands[worker] = world.redis.deliver().map(|next| Hand::new(next, false));
            }
            Action::Claim(worker, entry) | Action::Reclaim(worker, entry) => {
                if matches!(action, Action::Reclaim(..)) {
                    world.left.stalls -= 1;
                }
                world.hands[worker] =
                    world.redis.pending().find(|(id, _)| *id == entry).map(|found| Hand::new(found, true));
            }
            Action::Accept(worker) => {
                let hand = world.hands[worker]?;
                let (order, event) = (hand.command.order, hand.processing());
                let aside = world.redis.accept(hand.entry, order, event, &mut clock, protocol);
                world.hands[worker] = (!aside).then_some(Hand { stage: Stage::Accepted, ..hand });
            }
            Action::Work(worker, answer) => {
                if answer != Answer::Given {
                    world.left.absences -= 1;
                }
                let hand = world.hands[worker].as_mut()?;
                let outside = &mut world.outside[usize::from(hand.command.order)];
                hand.work(answer, outside, protocol);
            }
            Action::Finish(worker) | Action::FinishUnanswered(worker) => {
                let hand = world.hands[worker]?;
                let Stage::Decided(outcome) = hand.stage else { return None };
                let effects = hand.effects(outcome, protocol);
                world.redis.finish(hand.entry, effects, &mut clock, protocol);
                if matches!(action, Action::Finish(_)) {
                    world.hands[worker] = None;
                } else {
                    world.left.lost_answers -= 1;
                }
            }
            Action::Promote(order) => {
                let command: Command = *world.redis.delayed.iter().find(|command| command.order == order)?;
                world.redis.promote(command, &mut clock);
            }
            Action::Cancel(order) | Action::CancelUnanswered(order) => {
                world.left.cancellations -= 1;
                let as_known = *world.api.order(order)?;
                let entry = self.cancellable(world, order, as_known)?;
                let version = as_known.version + 1;
                let event =
                    Event { order, kind: EventKind::Cancelled, version, attempt: 0, compensating: false };
                world.redis.cancel(entry, event, &mut clock);
                if action == Action::Cancel(order) {
                    world.api.cancelled(order, protocol);
                } else {
                    world.left.lost_answers -= 1;
                }
            }
            Action::Retry(order) => {
                world.left.retries -= 1;
                world.api.retry(order);
            }
            Action::ApiCrash => {
                world.left.api_crashes -= 1;
                world.api.crash();
            }
            Action::WorkerCrash(worker) => {
                world.left.worker_crashes -= 1;
                world.hands[worker] = None;
            }
            Action::Sync => world.synced = Some(Box::new(world.redis.clone())),
            Action::Lose => {
                world.left.losses -= 1;
                world.redis = *world.synced.take()?;
            }
            Action::Flush => {
                world.left.flushes -= 1;
                world.redis = Redis::default();
            }
        }
        Some(())
    }
}
