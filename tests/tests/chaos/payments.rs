//! The payment service is away, for longer than orders wait for it: they are tried again, then they fail, and whatever may
//! have been paid is paid back.

use serde_json::Value;
use system_tests::{
    eventually,
    proxy::{Network, Proxy},
};

use crate::{reckoning::Fates, world::World};

async fn survives(fault: &'static str, network: Network) {
    let mut world = World::build(fault).await;
    let way = Proxy::to(world.shop.port).await;
    for (name, value) in world.shop.settings(way.port) {
        world.stack.set(name, &value);
    }
    world.stack.set("ORDERFLOW_PROCESSOR__MAX_ATTEMPTS", "3");
    world.fates = Fates::SomeGiveUp;
    world.up().await;
    let strike = async |world: &mut World| {
        let given_up = orders_given_up(world).await;
        way.set(network);
        eventually("orders give up", async || match orders_given_up(world).await {
            more if more > given_up => Ok(()),
            same => Err(format!("{same} did")),
        })
        .await;
        way.set(Network::Fine);
    };
    world.survives(strike).await;
}

async fn orders_given_up(world: &World) -> usize {
    let orders = world.stack.client.all_orders().await.expect("order-api answers");
    let given_up = |order: &&Value| {
        order["status"] == "failed" && order["failure_reason"]["code"] == "payment_unavailable"
    };
    orders.iter().filter(given_up).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn that_can_t_be_reached() {
    survives("payment service: can't be reached", Network::Down).await;
}

/// Each payment was taken, and nobody was told.
#[tokio::test(flavor = "multi_thread")]
async fn whose_answers_are_lost() {
    survives("payment service: takes payments, answers are lost", Network::Unanswered).await;
}
