//! The plug is pulled at full speed: kill -9 at random moments, under a load of single orders and batches, with keys and
//! without, that leaves no process at rest.
//!
//! Beside the reckoning of every scenario: what was answered is in order-api's file while everything is dead; the ledger
//! says of each order what the order says; and whoever asks again with a key gets the order that he was told of.

use rustix::process::Signal;
use system_tests::{Client, Daemon, client::text, eventually, load::Outcome};

use crate::{disk::Disk, reckoning::is_any_on_its_way, world::World};

/// Accepted orders from one blow to the next, at most.
const APART: usize = 400;
/// The keys that are used once more in the end, at most.
const KEYS: usize = 200;
/// Blows to everything; the second one while it still gets up.
const BLOWS: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn of_each_in_turn() {
    let mut world = World::start_full("full load: kill -9 of each at a random moment").await;
    let outcome = world.comes_through(async |world: &mut World| {
        is_worked_off(world).await;
        let mut turns = [0, 1, 2, 3];
        fastrand::shuffle(&mut turns);
        for turn in turns {
            at_a_random_moment(world).await;
            world.stack.all()[turn].kill().await;
            if world.stack.api.is_running() {
                at_a_random_moment(world).await;
            } else {
                world.load().meets_a_failure().await;
            }
            world.stack.all()[turn].start_ready().await;
        }
    });
    let outcome = outcome.await;
    comes_out_even(&mut world, &outcome).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_everything_at_once() {
    let mut world = World::start_full("full load: kill -9 of everything at once").await;
    let outcome = world.comes_through(async |world: &mut World| {
        is_worked_off(world).await;
        for _ in 0..BLOWS {
            at_a_random_moment(world).await;
            kill_everything(world).await;
            let answered = world.load().ids();
            let disk = Disk::of(&world.stack).await;
            disk.has(&answered);
            disk.is_consistent();
            let mut daemons = world.stack.all();
            fastrand::shuffle(&mut daemons);
            daemons.into_iter().for_each(Daemon::start);
        }
        for daemon in world.stack.all() {
            daemon.ready().await;
        }
    });
    let outcome = outcome.await;
    comes_out_even(&mut world, &outcome).await;
}

/// From one round to the next nothing may pile up: the last one would wait for all of them.
async fn is_worked_off(world: &World) {
    let client = &world.stack.client;
    eventually("no order is on its way", async || {
        if is_any_on_its_way(client).await { Err("some are") } else { Ok(()) }.map_err(str::to_owned)
    })
    .await;
}

/// Under full load: the number is random, and how far everything else is at that moment is so, too.
async fn at_a_random_moment(world: &World) {
    let after = fastrand::usize(1..=APART);
    // There is always more to come than is waited for.
    world.load().allow(2 * APART);
    world.load().accepts_more(after).await;
}

/// All have their signal before the first is waited for.
async fn kill_everything(world: &mut World) {
    let daemons = world.stack.all();
    for daemon in &daemons {
        daemon.signal(Signal::KILL);
    }
    for daemon in daemons {
        daemon.ended().await;
    }
}

async fn comes_out_even(world: &mut World, outcome: &Outcome) {
    keys_are_remembered(&world.stack.client, outcome).await;
    let orders = world.stack.client.all_orders().await.expect("order-api answers");
    // Nothing more to be written.
    assert!(world.stack.processor.terminate().await.success());
    let disk = Disk::of(&world.stack).await;
    disk.is_consistent();
    let ids: Vec<String> = orders.iter().map(|order| text(order, "order_id")).collect();
    disk.has(&ids);
}

async fn keys_are_remembered(client: &Client, outcome: &Outcome) {
    assert!(!outcome.keyed.is_empty(), "no request had a key");
    for request in fastrand::choose_multiple(outcome.keyed.iter(), KEYS) {
        let (order_ids, replayed) = request.send(client).await.expect("it is answered");
        let told: Vec<String> =
            request.numbers.clone().map(|number| outcome.accepted[&number][0].clone()).collect();
        assert_eq!((order_ids, replayed), (told, true), "{request:?}");
    }
}
