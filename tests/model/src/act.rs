//! What a step does.

use contract::EventKind;

use crate::{
    check::{Action, Check},
    protocol::Change,
    redis::Redis,
    state::{Clock, Command, Event, OrderNo, World},
    worker::{Answer, Hand, Stage},
};

impl Check {
    /// `None`: it can't be done.
    pub(crate) fn act(&self, world: &mut World, action: Action) -> Option<()> {
        let protocol = &self.protocol;
        let mut clock = Clock::new();
        match action {
            Action::Place(order) => world.api.place(order),
            Action::Publish | Action::PublishStale | Action::PublishUnanswered => {
                let row = world.api.next_row()?;
                if action != Action::PublishStale && world.api.is_stale(row) {
                    world.api.skip();
                    return Some(());
                }
                if world.redis.epoch == 0 {
                    world.epochs += 1;
                }
                let mark = world.redis.publish(row, world.epochs, &mut clock, protocol);
                if action == Action::PublishUnanswered {
                    world.left.lost_answers -= 1;
                } else {
                    world.api.published(row.producer, mark);
                }
            }
            Action::NoteLoss => {
                let producer = world.api.next_producer();
                let found = world.api.finds_loss(&world.redis, protocol)?;
                world.api.note_loss(producer, found, protocol);
            }
            Action::Record => world.api.record(),
            Action::Apply => {
                let (_, event) = world.redis.events[0];
                world.api.apply(event, protocol);
                // Otherwise there is no second one.
                world.api.undoing(event, protocol)?;
            }
            Action::Follow => {
                let (_, event) = world.redis.events.remove(0);
                world.api.apply(event, protocol);
                world.api.settle(event, protocol);
            }
            Action::FollowUnacknowledged => {
                let (_, event) = world.redis.events[0];
                world.api.apply(event, protocol);
                world.api.settle(event, protocol);
                world.left.lost_answers -= 1;
            }
            Action::Ask => world.api.ask(&world.redis),
            Action::Put => world.api.again(&world.redis, protocol),
            Action::CancelAgain(order) => {
                let entry = self.forgotten(world, order)?;
                let version = world.api.order(order)?.life + 1;
                if protocol.has(Change::ForgottenCancellationsAreLosses) {
                    world.api.doubt(protocol);
                }
                world.redis.cancel(entry, cancelled(order, version), &mut clock);
            }
            Action::Take(worker) => {
                world.hands[worker] = world.redis.deliver().map(Hand::new);
            }
            Action::Claim(worker, entry) | Action::Reclaim(worker, entry) => {
                if matches!(action, Action::Reclaim(..)) {
                    world.left.stalls -= 1;
                }
                world.hands[worker] = world.redis.pending().find(|(id, _)| *id == entry).map(Hand::new);
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
                let event = cancelled(order, as_known.version + 1);
                world.redis.cancel(entry, event, &mut clock);
                if action == Action::Cancel(order) {
                    world.api.apply(event, protocol);
                    world.api.settle(event, protocol);
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
                let run = world.redis.run;
                world.redis = *world.synced.take()?;
                world.redis.restarted(run, protocol);
            }
            Action::Flush => {
                world.left.flushes -= 1;
                let run = world.redis.run;
                world.redis = Redis::default();
                world.redis.restarted(run, protocol);
            }
        }
        Some(())
    }
}

const fn cancelled(order: OrderNo, version: u8) -> Event {
    Event { order, kind: EventKind::Cancelled, version, attempt: 0, undo: None }
}
