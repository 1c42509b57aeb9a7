//! A worker stalls with orders in hand for longer than they are left to it, another one finishes them, and it comes back.

use rustix::process::Signal;
use system_tests::{Daemon, daemon::Ready, eventually, ports::lease};

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn past_its_time_beside_another_worker() {
    let world = World::start("SIGSTOP of a worker past its time, then SIGCONT").await;
    let (port, folder) = (lease(1), world.stack.folder().join("second"));
    std::fs::create_dir(&folder).expect("a folder for the second worker");
    // It knows nothing of what the first has done: its ledger is another one, as on another machine.
    let mut recipe = world.stack.processor.recipe.clone();
    recipe.name.push_str("-2");
    recipe.folder.clone_from(&folder);
    recipe.set("ORDERFLOW_HTTP__LISTEN", &format!("127.0.0.1:{}", port.first));
    recipe.set("ORDERFLOW_INSTANCE", &recipe.name.clone());
    let mut second = Daemon::new(recipe, port.first, Ready::Http, &folder);
    second.start_ready().await;

    let strike = async |world: &mut World| {
        world.shop.hesitate();
        has_orders_in_hand(world, "order-processor-1").await;
        world.shop.is_waited_for().await;
        world.stack.processor.signal(Signal::STOP);
        world.shop.answer();
        let accepted = world.load().ids();
        are_final(world, &accepted).await;
        world.stack.processor.signal(Signal::CONT);
    };
    world.survives(strike).await;
}

async fn has_orders_in_hand(world: &World, worker: &str) {
    eventually(&format!("{worker} has orders in hand"), async || {
        let queue = world.stack.client.api("/orders/status/").await?;
        let workers = queue["workers"].as_array().ok_or("no workers")?;
        let in_hand = workers.iter().find(|entry| entry["name"] == worker);
        match in_hand.and_then(|entry| entry["in_progress"].as_u64()) {
            Some(1..) => Ok(()),
            _ => Err(queue.to_string()),
        }
    })
    .await;
}

async fn are_final(world: &World, accepted: &[String]) {
    for order_id in accepted {
        world.stack.client.finished(order_id).await;
    }
}
