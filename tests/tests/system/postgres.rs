//! The whole system on one PostgreSQL server, each service in a schema of its own, and two replicas of order-api on
//! one database.

use system_tests::{
    Client, Daemon, Load, Stack, account,
    client::Placed,
    daemon::Ready,
    eventually,
    load::Repeat,
    ports::{Lease, lease},
    postgres::PrivatePostgres,
    stack::Which::{Api, Metrics, Processor},
};

use crate::kill::loses_nothing;

async fn stack_on(postgres: &PrivatePostgres) -> Stack {
    Stack::start_with(&[("ORDERFLOW_DATABASE__URL", &postgres.url())]).await
}

/// Another order-api beside the stack's own.
struct Replica {
    daemon: Daemon,
    client: Client,
    _port: Lease,
}

impl Replica {
    async fn beside(stack: &Stack) -> Self {
        let port = lease(1);
        let mut recipe = stack.api.recipe.clone();
        recipe.name.push_str("-2");
        // Of two variables with one name the later counts.
        recipe.variables.extend([
            ("ORDERFLOW_HTTP__LISTEN".to_owned(), format!("127.0.0.1:{}", port.first)),
            ("ORDERFLOW_INSTANCE".to_owned(), recipe.name.clone()),
        ]);
        let mut daemon = Daemon::new(recipe, port.first, Ready::Http, stack.folder());
        daemon.start_ready().await;
        Self { daemon, client: Client::new(port.first, stack.metrics.port), _port: port }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_complete_or_fail_and_are_counted() {
    let postgres = PrivatePostgres::start().await;
    let settings = [
        ("ORDERFLOW_DATABASE__URL", postgres.url()),
        ("ORDERFLOW_PIPELINE__SIMULATED__FAILURE_RATE", "0.3".to_owned()),
    ];
    let stack = Stack::start_with(&settings.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
    let client = &stack.client;
    let mut placed = Vec::new();
    for number in 0..60 {
        placed.push(client.placed(number).await);
    }
    for order_id in &placed {
        let order = client.finished(order_id).await;
        assert_eq!(order["status"] == "failed", order["failure_reason"]["code"].is_string(), "{order}");
    }
    let orders = client.all_orders().await.unwrap();
    assert_eq!(orders.len(), placed.len());
    assert!(
        ["completed", "failed"].iter().all(|status| account::counts(&orders)[*status] > 0),
        "one of each"
    );
    account::metrics_equal(client, &orders).await;
    account::finished_once(client, &orders).await;
    assert!(!stack.folder().join("data").exists(), "a service keeps a file beside the database");
    let text = eventually("the outbox is seen to be empty", async || {
        let answer = client.http.get(format!("{}/metrics", client.api)).send().await.unwrap();
        let text = answer.text().await.unwrap();
        let gauges = ["orderflow_outbox_unpublished_orders", "orderflow_outbox_oldest_unpublished_seconds"];
        let empty = |gauge: &&str| text.lines().any(|line| line == format!("{gauge} 0"));
        if gauges.iter().all(empty) { Ok(text) } else { Err(text) }
    })
    .await;
    assert!(!text.contains("orderflow_sqlite_"), "there are no such files");
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_all_three_services_loses_nothing() {
    let postgres = PrivatePostgres::start().await;
    loses_nothing(stack_on(&postgres).await, &[Api, Processor, Metrics]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_of_the_database_loses_nothing() {
    let mut postgres = PrivatePostgres::start().await;
    let stack = stack_on(&postgres).await;
    let load = Load::start(&stack.client, 8, Repeat::UntilAccepted);
    for _ in 0..2 {
        load.accepts_more(100).await;
        postgres.daemon.kill().await;
        postgres.daemon.start_ready().await;
    }
    load.accepts_more(100).await;
    let outcome = load.stop().await;
    let orders = account::all_complete(&stack.client, outcome.ids()).await;
    assert_eq!(orders.len(), outcome.accepted.len(), "a basket became two orders");
    account::metrics_equal(&stack.client, &orders).await;
    account::finished_once(&stack.client, &orders).await;
}

/// The types of the events of a stream, once it has ended.
async fn stream_of(client: &Client, order_id: &str) -> Vec<String> {
    let request = client.http.get(format!("{}/orders/{order_id}/events", client.api));
    let answer = request.header("Accept", "text/event-stream").send().await.expect("an answer");
    let text = answer.text().await.expect("the stream ends in good order");
    text.lines().filter_map(|line| line.strip_prefix("event: ").map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_placed_at_one_replica_is_read_and_awaited_at_the_other() {
    let postgres = PrivatePostgres::start().await;
    let mut stack = stack_on(&postgres).await;
    let replica = Replica::beside(&stack).await;
    for (here, there) in [(&stack.client, &replica.client), (&replica.client, &stack.client)] {
        stack.processor.terminate().await;
        let order_id = here.placed(1).await;
        assert_eq!(there.get(&order_id).await.unwrap()["status"], "pending");
        let wait = format!("/orders/{order_id}?wait=60");
        let (order, stream, _) =
            tokio::join!(there.api(&wait), stream_of(there, &order_id), stack.processor.start_ready());
        assert_eq!(order.unwrap()["status"], "completed");
        assert_eq!(stream, ["order.placed", "order.processing", "order.completed"]);
        assert_eq!(there.timeline(&order_id).await, here.timeline(&order_id).await);
    }
    let orders = account::all_complete(&stack.client, []).await;
    assert_eq!(replica.client.all_orders().await.unwrap(), orders);
    account::metrics_equal(&replica.client, &orders).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_two_replicas_get_at_the_same_moment_makes_one_order() {
    const BASKETS: usize = 100;
    let postgres = PrivatePostgres::start().await;
    let stack = stack_on(&postgres).await;
    let replica = Replica::beside(&stack).await;
    for number in 0..BASKETS {
        let (body, key) = (Client::order(number), format!("basket-{number}"));
        let both =
            tokio::join!(stack.client.place(&body, Some(&key)), replica.client.place(&body, Some(&key)));
        let (
            Placed::Accepted { order_id: one, replayed: first_again },
            Placed::Accepted { order_id: other, replayed: second_again },
        ) = &both
        else {
            panic!("{both:?}");
        };
        assert_eq!(one, other);
        assert_ne!(first_again, second_again, "one of them made it, the other repeats its answer");
    }
    let orders = account::all_complete(&stack.client, []).await;
    assert_eq!(orders.len(), BASKETS);
    account::metrics_equal(&stack.client, &orders).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_replica_has_accepted_is_published_by_the_other() {
    let postgres = PrivatePostgres::start().await;
    let stack = stack_on(&postgres).await;
    let mut replica = Replica::beside(&stack).await;
    let loads = [&stack.client, &replica.client].map(|client| Load::start(client, 4, Repeat::Never));
    for load in &loads {
        load.accepts_more(100).await;
    }
    replica.daemon.kill().await;
    loads[0].accepts_more(100).await;
    let mut accepted = Vec::new();
    for load in loads {
        accepted.extend(load.stop().await.accepted.into_values().flatten());
    }
    eventually("everything is published", async || {
        let queue = stack.client.api("/orders/status/").await?;
        if queue["unpublished"] == 0 { Ok(()) } else { Err(queue.to_string()) }
    })
    .await;
    // Events that were delivered to it and not applied wait for it a minute before the other takes them over.
    replica.daemon.start_ready().await;
    let orders = account::all_complete(&stack.client, &accepted).await;
    account::metrics_equal(&stack.client, &orders).await;
    account::finished_once(&stack.client, &orders).await;
}
