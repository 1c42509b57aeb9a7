//! What the protocol can do by itself, in one state.

use contract::Status;

use crate::{
    api::Order,
    check::{Action, Check},
    protocol::Change,
    state::{Id, OrderNo, World},
    worker::Stage,
};

impl Check {
    /// The steps that the protocol takes by itself.
    pub(crate) fn steps(&self, world: &World, actions: &mut Vec<Action>) {
        let (api, redis) = (&world.api, &world.redis);
        let next = (0..).zip(&api.orders).find(|(_, order)| order.is_none());
        actions.extend(next.map(|(order, _)| Action::Place(order)));
        if api.finds_loss(redis, &self.protocol).is_some() {
            actions.push(Action::NoteLoss);
        } else if api.may_publish() {
            actions.push(Action::Publish);
            if api.next_row().is_some_and(|row| row.producer == api.run() && api.is_stale(row)) {
                actions.push(Action::PublishStale);
            }
        }
        if api.can_record() {
            actions.push(Action::Record);
        }
        if !redis.events.is_empty() {
            actions.extend([Action::Apply, Action::Follow]);
        }
        if api.may_ask(redis, &self.protocol) {
            actions.push(Action::Ask);
        }
        if api.may_put(redis, &self.protocol) {
            actions.push(Action::Put);
        }
        if api.heals(&self.protocol) {
            let forgotten = api.placed().filter(|(number, _)| self.forgotten(world, *number).is_some());
            actions.extend(forgotten.map(|(number, _)| Action::CancelAgain(number)));
        }
        actions.extend(redis.delayed.iter().map(|command| Action::Promote(command.order)));
        for (worker, hand) in world.hands.iter().enumerate() {
            match hand.map(|hand| (hand, hand.stage)) {
                None => {
                    if redis.undelivered().next().is_some() {
                        actions.push(Action::Take(worker));
                    }
                    let abandoned = redis.pending().filter(|(id, _)| !world.holds(*id));
                    actions.extend(abandoned.map(|(id, _)| Action::Claim(worker, id)));
                }
                Some((_, Stage::Taken)) => actions.push(Action::Accept(worker)),
                Some((hand, Stage::Accepted)) => {
                    let outside = &world.outside[usize::from(hand.command.order)];
                    let answers = hand.answers(outside, world.left.absences);
                    actions.extend(answers.into_iter().map(|answer| Action::Work(worker, answer)));
                }
                Some((_, Stage::Decided(_))) => actions.push(Action::Finish(worker)),
            }
        }
        if world.hands == [None, None] {
            // Two idle workers are alike.
            actions.retain(|action| !matches!(action, Action::Take(1) | Action::Claim(1, _)));
        }
    }

    /// Nothing is left for the protocol to do.
    pub(crate) fn at_rest(&self, world: &World) -> bool {
        let mut actions = Vec::new();
        self.steps(world, &mut actions);
        actions.is_empty()
    }

    /// The message of an order that a person may cancel, as far as order-api knows.
    pub(crate) fn cancellable(&self, world: &World, number: OrderNo, order: Order) -> Option<Id> {
        let fresh = order.status == Status::Pending && order.attempts == 0 && order.version == order.life;
        if !fresh || world.api.may_not_cancel(&world.redis, &self.protocol) {
            return None;
        }
        world.redis.cancellable(number, order.life, self.protocol.has(Change::CancelsAnyMessage))
    }

    /// The message that the sweep would cancel once more.
    pub(crate) fn forgotten(&self, world: &World, number: OrderNo) -> Option<Id> {
        let order = world.api.order(number)?;
        let any = self.protocol.has(Change::SweepCancelsAny);
        let again = order.status == Status::Cancelled && (any || !order.compensating);
        let any = any || self.protocol.has(Change::CancelsAnyMessage);
        let entry = world.redis.cancellable(number, order.life, any).filter(|_| again)?;
        (!world.redis.cancelled.contains(&entry)).then_some(entry)
    }
}

impl World {
    /// A worker has the entry in hand.
    pub(crate) fn holds(&self, entry: Id) -> bool {
        self.hands.iter().flatten().any(|hand| hand.entry == entry)
    }
}
