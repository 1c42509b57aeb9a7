//! Whether the protocol comes to rest: from every state that faults can lead to, by its own steps.
//!
//! "At rest all is well" would say nothing about a protocol that goes round in circles.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
};

use stateright::Model;

use crate::{
    check::{Action, Check},
    state::World,
};

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rest {
    pub states: usize,
    /// A way to a state from which no rest can be reached.
    pub never: Option<Vec<Action>>,
}

/// The states, by their numbers.
#[derive(Default)]
struct Graph {
    numbers: HashMap<u64, u32>,
    /// How each was reached first.
    parents: Vec<Option<(u32, Action)>>,
    /// Steps of the protocol, backwards.
    before: Vec<Vec<u32>>,
}

/// Visits every state.
pub fn comes_to_rest(check: &Check) -> Rest {
    let mut graph = Graph::default();
    let mut ahead = VecDeque::new();
    for world in check.init_states() {
        let (number, _) = graph.number(&world, None);
        ahead.push_back((number, world));
    }
    let mut resting = Vec::new();
    let mut actions = Vec::new();
    while let Some((number, world)) = ahead.pop_front() {
        actions.clear();
        check.steps(&world, &mut actions);
        let own = actions.len();
        if own == 0 {
            resting.push(number);
        }
        check.mishaps(&world, &mut actions);
        for (position, action) in actions.iter().enumerate() {
            let Some(next) = check.next_state(&world, *action) else { continue };
            let (reached, is_new) = graph.number(&next, Some((number, *action)));
            if position < own {
                graph.before[reached as usize].push(number);
            }
            if is_new {
                ahead.push_back((reached, next));
            }
        }
    }
    graph.judge(resting)
}

impl Graph {
    /// The number of a state, and whether it is a new one.
    fn number(&mut self, world: &World, from: Option<(u32, Action)>) -> (u32, bool) {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(world);
        let next = self.parents.len() as u32;
        match self.numbers.entry(hash) {
            Entry::Occupied(known) => (*known.get(), false),
            Entry::Vacant(free) => {
                free.insert(next);
                self.parents.push(from);
                self.before.push(Vec::new());
                (next, true)
            }
        }
    }

    /// Goes back from where the protocol rests.
    fn judge(&self, mut ahead: Vec<u32>) -> Rest {
        let mut can_rest = vec![false; self.parents.len()];
        while let Some(number) = ahead.pop() {
            if !std::mem::replace(&mut can_rest[number as usize], true) {
                ahead.extend(&self.before[number as usize]);
            }
        }
        let never = can_rest.iter().position(|can| !can).map(|number| self.way_to(number));
        Rest { states: can_rest.len(), never }
    }

    fn way_to(&self, number: usize) -> Vec<Action> {
        let mut way = Vec::new();
        let mut at = number;
        while let Some((before, action)) = self.parents[at] {
            way.push(action);
            at = before as usize;
        }
        way.reverse();
        way
    }
}
