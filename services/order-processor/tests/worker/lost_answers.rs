//! Redis does what it was asked, and the answer is lost.

use crate::{orders::words, proxy::Proxy, shop::Shop, world::World};

#[tokio::test(flavor = "multi_thread")]
async fn a_finish_whose_answer_is_lost_reports_and_counts_each_order_once() {
    let world = World::start().await;
    let proxy = Proxy::before(world.server.daemon.port).await;
    let worker = world.worker("w1", |config| proxy.url.clone_into(&mut config.redis.url)).await;
    // Redis knows the scripts from here on.
    world.place([1]).await;
    world.finished(1).await;
    proxy.lose_the_answer_to("order.completed");
    world.place(2..=4).await;
    world.all_complete(1..=4).await;
    assert_eq!(proxy.lost(), 1);
    worker.counts("orderflow_attempts_finished_total{outcome=\"completed\"}", 4.0).await;
    assert_eq!(worker.metric("orderflow_fence_lost_total").await, Some(0.0));
    worker.counts("orderflow_orders_in_hand", 0.0).await;
    worker.drain().await;
    let rows = world.ledger("w1").await;
    assert!(rows.iter().all(|row| row.superseded_at.is_none()), "{rows:?}");
}

/// Asked again, Redis has nothing left to say about the cancellation: it is long laid aside.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_order_stays_so_when_the_answer_that_says_it_is_lost() {
    let world = World::start().await;
    let (proxy, shop) = (Proxy::before(world.server.daemon.port).await, Shop::start().await);
    let first = world.worker("w1", |config| shop.serves(config)).await;
    world.place([1]).await;
    world.finished(1).await;
    first.drain().await;

    world.place(2..=3).await;
    world.cancel(2).await;
    proxy.lose_the_answer_to("order.processing");
    let worker = world
        .worker("w1", |config| {
            shop.serves(config);
            proxy.url.clone_into(&mut config.redis.url);
        })
        .await;
    assert_eq!(words(&world.finished(3).await).last().map(String::as_str), Some("completed 3"));
    worker.counts("orderflow_orders_laid_aside_total", 1.0).await;
    assert_eq!(proxy.lost(), 1);
    world.nothing_is_pending().await;
    worker.drain().await;
    assert!(shop.calls_for(2).is_empty(), "{:?}", shop.calls());
    assert_eq!(world.ledger("w1").await.len(), 2);
}
