//! The network between the services and Redis: every service reaches it by the same way, which breaks.

use std::time::Duration;

use system_tests::{
    Stack, eventually,
    proxy::{Network, Proxy},
};

use crate::world::World;

async fn survives(fault: &'static str, network: Network) {
    let mut world = World::build(fault).await;
    let way = Proxy::to(world.stack.redis.port).await;
    world.stack.set("ORDERFLOW_REDIS__URL", &format!("redis://127.0.0.1:{}", way.port));
    world.up().await;
    let strike = async |world: &mut World| {
        way.set(network);
        if !matches!(network, Network::Slow(_)) {
            is_noticed(world).await;
        }
        world.accepts_more().await;
        way.set(Network::Fine);
    };
    world.survives(strike).await;
}

/// Until then a fault may pass unseen.
async fn is_noticed(world: &World) {
    let Stack { api, processor, metrics, client, .. } = &world.stack;
    // Accepting needs no Redis: order-api is ready without.
    let questions = [(api, "/orders/status/"), (processor, "/readyz"), (metrics, "/readyz")];
    for (service, path) in questions {
        let url = format!("{}{path}", service.url());
        eventually(&format!("{url} says that Redis does not answer"), async || {
            let answer = client.http.get(&url).send().await.map_err(|error| error.to_string())?;
            if answer.status() == 503 { Ok(()) } else { Err(answer.status().to_string()) }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn that_is_slow() {
    survives("network to Redis: every piece 30 ms late", Network::Slow(Duration::from_millis(30))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn that_pauses() {
    survives("network to Redis: pauses, then brings everything", Network::Stalled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn that_breaks_off() {
    survives("network to Redis: connections break off, refused", Network::Down).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn that_loses_the_answers() {
    survives("network to Redis: answers are lost", Network::Unanswered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn that_is_half_open_and_accepts() {
    survives("network to Redis: half-open, accepts", Network::Silent { refuses: false }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn that_is_half_open_and_refuses() {
    survives("network to Redis: half-open, refuses", Network::Silent { refuses: true }).await;
}
