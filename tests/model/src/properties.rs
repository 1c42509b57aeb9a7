//! What must be so: the promises 1 to 6 of the design, as far as they are about orders.
//!
//! "At rest" are the states in which the protocol has nothing more to do by itself.

use contract::Status;
use stateright::Property;

use crate::{
    api::Order,
    check::Check,
    outside::Payment,
    protocol::Change,
    redis::Live,
    state::{OrderNo, Task, World},
};

/// In Redis at any time, counting what can still have an effect.
pub const ONE_MESSAGE: &str = "an order has at most one live message";
/// As order-api's database has it.
pub const FINAL_STAYS: &str = "a final status stays";
pub const CANCELLED_STAYS: &str = "an order that was answered as cancelled is never completed";
pub const PAID: &str = "a completed order has its payment";
/// Held where Redis loses nothing.
pub const UNTOUCHED: &str = "an order that was answered as cancelled is never worked on";
pub const UNDO_STAYS: &str = "a compensation is never cancelled";
pub const ALL_END: &str = "at rest every accepted order is final";
pub const ALL_REFUNDED: &str = "at rest no order but a completed one has a payment";

pub(crate) fn all() -> Vec<Property<Check>> {
    vec![
        Property::always(ONE_MESSAGE, one_message),
        Property::always(FINAL_STAYS, final_stays),
        Property::always(CANCELLED_STAYS, cancelled_stays),
        Property::always(PAID, paid),
        Property::always(UNTOUCHED, untouched),
        Property::always(UNDO_STAYS, undo_stays),
        Property::always(ALL_END, all_end),
        Property::always(ALL_REFUNDED, all_refunded),
    ]
}

fn one_message(check: &Check, world: &World) -> bool {
    let redis = &world.redis;
    world.api.placed().all(|(number, _)| {
        let live = redis.live.get(&number).filter(|_| !check.protocol.has(Change::NoLiveGuard));
        let counts = |id| live.is_none_or(|live| *live == Live::Entry(id));
        let queued =
            redis.queue.iter().filter(|(id, command)| command.order == number && counts(*id)).count();
        let delayed = redis.delayed.iter().filter(|command| command.order == number).count();
        queued + delayed <= 1
    })
}

fn final_stays(_: &Check, world: &World) -> bool {
    world.api.placed().all(|(_, order)| order.ended.is_none_or(|ended| ended == order.status))
}

fn cancelled_stays(_: &Check, world: &World) -> bool {
    world
        .api
        .placed()
        .all(|(_, order)| order.ended != Some(Status::Cancelled) || order.status != Status::Completed)
}

fn paid(_: &Check, world: &World) -> bool {
    let paid = |number: OrderNo, life| world.outside[usize::from(number)].payment(life) == Payment::Taken;
    world.api.placed().all(|(number, order)| order.status != Status::Completed || paid(number, order.life))
}

fn untouched(check: &Check, world: &World) -> bool {
    let loses = check.faults.losses + check.faults.flushes > 0;
    let worked_on = |number: OrderNo, order: &Order| {
        let payment = world.outside[usize::from(number)].payment(order.life);
        order.ended == Some(Status::Cancelled) && matches!(payment, Payment::Taken | Payment::Refunded)
    };
    loses || !world.api.placed().any(|(number, order)| worked_on(number, order))
}

fn undo_stays(_: &Check, world: &World) -> bool {
    let redis = &world.redis;
    !redis.queue.iter().any(|(id, command)| command.task != Task::Process && redis.cancelled.contains(id))
}

fn all_end(check: &Check, world: &World) -> bool {
    world.api.placed().all(|(_, order)| order.status.is_final()) || !check.at_rest(world)
}

fn all_refunded(check: &Check, world: &World) -> bool {
    let keeps = |life: u8, order: &Order| order.status == Status::Completed && order.life == life;
    let owes = |number: OrderNo, order: &Order| {
        let payments = &world.outside[usize::from(number)].payments;
        order.status.is_final()
            && payments.iter().any(|(life, payment)| *payment == Payment::Taken && !keeps(*life, order))
    };
    !world.api.placed().any(|(number, order)| owes(number, order)) || !check.at_rest(world)
}
