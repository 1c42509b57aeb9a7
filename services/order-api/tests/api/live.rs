//! An order's timeline as server-sent events.

use futures_util::{Stream, StreamExt};
use serde_json::{Value, json};
use system_tests::{DEADLINE, eventually};

use crate::{
    worker::Worker,
    world::{Api, World},
};

/// An open stream.
struct Live {
    status: u16,
    pieces: std::pin::Pin<Box<dyn Stream<Item = Vec<u8>> + Send>>,
    text: String,
}

impl Live {
    async fn open(api: &Api, order_id: &str, last: Option<&str>) -> Self {
        let request = api.http.get(api.url(&format!("/orders/{order_id}/events")));
        let mut request = request.header("Accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        if status == 200 {
            assert_eq!(answer.headers()["content-type"], "text/event-stream");
        }
        let pieces = futures_util::stream::unfold(answer, |mut answer| async move {
            let piece = answer.chunk().await.unwrap()?;
            Some((piece.to_vec(), answer))
        });
        Self { status, pieces: Box::pin(pieces), text: String::new() }
    }

    /// The next block between empty lines; `None`: the stream has ended.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let piece = tokio::time::timeout(DEADLINE, self.pieces.next()).await.expect("something comes");
            match piece {
                Some(piece) => self.text.push_str(std::str::from_utf8(&piece).unwrap()),
                None if self.text.is_empty() => return None,
                None => panic!("ends in the middle: {}", self.text),
            }
        }
    }

    /// The next event: id, type, data.
    async fn event(&mut self) -> Option<(String, String, Value)> {
        loop {
            let block = self.block().await?;
            if block == ":" {
                continue;
            }
            let lines: Vec<&str> = block.lines().collect();
            let [id, event, data] = lines[..] else { panic!("{block}") };
            let field = |line: &str, name: &str| line.strip_prefix(name).unwrap().to_owned();
            let data = serde_json::from_str(&field(data, "data: ")).unwrap();
            return Some((field(id, "id: "), field(event, "event: "), data));
        }
    }

    async fn events(mut self) -> Vec<(String, String, Value)> {
        let mut events = Vec::new();
        while let Some(event) = self.event().await {
            events.push(event);
        }
        events
    }
}

async fn open_streams(world: &World, count: usize) {
    eventually("the streams are counted", async || {
        let text = world.api.get("/metrics").await.text;
        let both = ["orderflow_event_streams", "orderflow_waiting_clients"];
        if both.iter().all(|name| text.contains(&format!("{name} {count}\n"))) { Ok(()) } else { Err(text) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_as_they_happen_and_the_stream_ends_with_the_order() {
    let world = World::start().await;
    let order_id = world.api.placed().await;
    let mut live = Live::open(&world.api, &order_id, None).await;
    let (id, kind, _) = live.event().await.unwrap();
    assert_eq!((id.as_str(), kind.as_str()), ("1", "order.placed"));
    let mut worker = Worker::new(&world.streams().await);
    let taken = worker.take_any().await;
    assert!(worker.accept(&taken).await);
    let (id, kind, _) = live.event().await.unwrap();
    assert_eq!((id.as_str(), kind.as_str()), ("2", "order.processing"));
    worker.finish(&taken, &taken.completed()).await;
    let (id, kind, last) = live.event().await.unwrap();
    assert_eq!((id.as_str(), kind.as_str()), ("3", "order.completed"));
    assert_eq!(live.event().await, None);

    // All of it, at once, and the same as in JSON.
    let all = Live::open(&world.api, &order_id, None).await.events().await;
    let timeline = world.api.get(&format!("/orders/{order_id}/events")).await.json();
    assert_eq!(json!(all.iter().map(|(_, _, data)| data).collect::<Vec<_>>()), timeline["events"]);
    // From where it was.
    let rest = Live::open(&world.api, &order_id, Some("2")).await.events().await;
    assert_eq!(rest, [("3".to_owned(), "order.completed".to_owned(), last)]);
    // There is no more: a browser need not come again.
    assert_eq!(Live::open(&world.api, &order_id, Some("3")).await.status, 204);
    open_streams(&world, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_order_ends_its_streams_too() {
    let world = World::start().await;
    let order_id = world.api.placed().await;
    let live = Live::open(&world.api, &order_id, Some("1")).await;
    open_streams(&world, 1).await;
    eventually("it can be cancelled", async || {
        let answer = world.api.act(&format!("/orders/{order_id}/cancel")).await;
        if answer.status == 200 { Ok(()) } else { Err(answer.text) }
    })
    .await;
    let kinds: Vec<String> = live.events().await.into_iter().map(|(_, kind, _)| kind).collect();
    assert_eq!(kinds, ["order.cancelled"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_bounded_and_who_goes_away_frees_its_place() {
    let world = World::start_with(|config| {
        config.events.max_streams = 2;
        config.events.heartbeat_ms = 100;
    })
    .await;
    let order_id = world.api.placed().await;
    let mut first = Live::open(&world.api, &order_id, None).await;
    let second = Live::open(&world.api, &order_id, None).await;
    open_streams(&world, 2).await;
    let refused = Live::open(&world.api, &order_id, None).await;
    assert_eq!(refused.status, 503);
    // JSON needs no place.
    assert_eq!(world.api.get(&format!("/orders/{order_id}/events")).await.status, 200);
    drop(second);
    open_streams(&world, 1).await;
    // Nothing happens, and a comment says that all is well.
    let (_, kind, _) = first.event().await.unwrap();
    assert_eq!(kind, "order.placed");
    assert_eq!(first.block().await.unwrap(), ":");
    drop(first);
    open_streams(&world, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_order_has_no_stream() {
    let world = World::start().await;
    for order_id in ["ORD-019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b", "nonsense"] {
        assert_eq!(Live::open(&world.api, order_id, None).await.status, 404);
    }
    let order_id = world.api.placed().await;
    assert_eq!(Live::open(&world.api, &order_id, Some("yesterday")).await.status, 400);
    open_streams(&world, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draining_service_sends_its_streams_elsewhere() {
    let mut world = World::start().await;
    let order_id = world.api.placed().await;
    let mut live = Live::open(&world.api, &order_id, None).await;
    assert_eq!(live.event().await.unwrap().1, "order.placed");
    tokio::time::timeout(DEADLINE, world.stop()).await.expect("streams don't hold it up");
    assert_eq!(live.block().await.unwrap(), "retry: 1000");
    assert_eq!(live.block().await, None);
}
