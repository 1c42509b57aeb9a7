//! The model, as the checker sees it: where it begins, and the steps that lead on from a state.

use stateright::{Model, Property};

use crate::{
    api::Api,
    faults::Faults,
    outside::{Nature, Outside},
    properties,
    protocol::{Change, Protocol},
    redis::Redis,
    state::{Id, OrderNo, World},
    worker::Answer,
};

/// One protocol, under one family of faults.
#[derive(Clone, Debug)]
pub struct Check {
    pub protocol: Protocol,
    /// How the other side may answer for each order: one beginning for each combination.
    pub natures: Vec<&'static [Nature]>,
    pub faults: Faults,
}

/// One step of one part. Workers are named by their place, which may change with every step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Place(OrderNo),
    Publish,
    /// The row of this run is remembered as it was committed, and its order has moved on since.
    PublishStale,
    NoteLoss,
    Record,
    /// The first of the two transactions of `Follow`.
    Apply,
    Follow,
    Ask,
    Put,
    CancelAgain(OrderNo),
    Take(usize),
    /// Takes over a pending message that no worker has in hand.
    Claim(usize, Id),
    Accept(usize),
    Work(usize, Answer),
    Finish(usize),
    Promote(OrderNo),
    // People.
    Cancel(OrderNo),
    Retry(OrderNo),
    // Faults.
    PublishUnanswered,
    CancelUnanswered(OrderNo),
    FinishUnanswered(usize),
    /// Applied and settled, and not acknowledged.
    FollowUnacknowledged,
    ApiCrash,
    WorkerCrash(usize),
    /// Takes over a message that a worker has in hand.
    Reclaim(usize, Id),
    /// What is there now is what a loss comes back to.
    Sync,
    Lose,
    Flush,
}

impl Model for Check {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let mut beginnings = vec![Vec::new()];
        for natures in &self.natures {
            let with =
                |outside: &Vec<Outside>, nature| [outside.as_slice(), &[Outside::new(nature)]].concat();
            beginnings = beginnings
                .iter()
                .flat_map(|outside| natures.iter().map(move |nature| with(outside, *nature)))
                .collect();
        }
        let begin = |outside: Vec<Outside>| {
            let mut world = World {
                redis: Redis::default(),
                synced: None,
                epochs: 0,
                api: Api::new(outside.len()),
                hands: [None, None],
                outside,
                left: self.faults,
            };
            if self.protocol.has(Change::RestartsAreLosses) {
                world.epochs = 1;
                world.api.meet(world.redis.meet(world.epochs));
            }
            world
        };
        beginnings.into_iter().map(begin).collect()
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        self.steps(world, actions);
        self.mishaps(world, actions);
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        self.act(&mut next, action)?;
        if self.faults.cancellations == 0 {
            next.api.forget_doubts();
        }
        next.normalize();
        (next != *world).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
