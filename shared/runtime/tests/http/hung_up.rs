//! Clients that do not wait for their answer.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use poem::{Body, Endpoint, Request, Response, endpoint::make, get, post};
use tokio::{io::AsyncWriteExt, sync::Notify};

use crate::support::{Client, DEADLINE, Running, http_config, start};

/// What an endpoint does, as seen from outside.
#[derive(Clone, Default)]
struct Work {
    begun: Arc<Notify>,
    may_end: Arc<Notify>,
    ended: Arc<Notify>,
    was_dropped: Arc<AtomicBool>,
}

/// Ends with the work, whether it was done or dropped.
struct Ends(Work, bool);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.was_dropped.store(!self.1, Ordering::SeqCst);
        self.0.ended.notify_one();
    }
}

impl Work {
    async fn work(self) -> &'static str {
        let mut ends = Ends(self.clone(), false);
        self.begun.notify_one();
        self.may_end.notified().await;
        ends.1 = true;
        "done"
    }

    async fn seen(notify: &Notify) {
        tokio::time::timeout(DEADLINE, notify.notified()).await.expect("in time");
    }

    fn endpoint(&self) -> impl Endpoint<Output = &'static str> + 'static {
        let work = self.clone();
        make(move |_: Request| work.clone().work())
    }
}

async fn asked(work: &Work, running: &Running, method: &str, path: &str) -> Client {
    let mut client = Client::connect(running.address).await;
    client.write(&format!("{method} {path} HTTP/1.1\r\nhost: t\r\ncontent-length: 0\r\n\r\n")).await;
    Work::seen(&work.begun).await;
    client
}

#[tokio::test]
async fn work_on_what_is_only_read_is_dropped() {
    let work = Work::default();
    let running = start(http_config(), |site| site.page("/slow", get(work.endpoint()))).await;
    drop(asked(&work, &running, "GET", "/slow").await);
    Work::seen(&work.ended).await;
    assert!(work.was_dropped.load(Ordering::SeqCst));
}

#[tokio::test]
async fn work_on_what_is_written_is_done_all_the_same() {
    let work = Work::default();
    let running = start(http_config(), |site| site.page("/slow", post(work.endpoint()))).await;
    drop(asked(&work, &running, "POST", "/slow").await);
    work.may_end.notify_one();
    Work::seen(&work.ended).await;
    assert!(!work.was_dropped.load(Ordering::SeqCst));
    // One that only says that nothing more will come still gets its answer.
    let mut client = asked(&work, &running, "POST", "/slow").await;
    client.0.shutdown().await.unwrap();
    work.may_end.notify_one();
    assert_eq!(client.answer().await.body, b"done");
}

#[tokio::test]
async fn who_sends_more_is_still_there() {
    let work = Work::default();
    let running = start(http_config(), |site| site.page("/slow", get(work.endpoint()))).await;
    let mut client = asked(&work, &running, "GET", "/slow").await;
    client.write("GET /healthz HTTP/1.1\r\nhost: t\r\n\r\n").await;
    work.may_end.notify_one();
    assert_eq!(client.answer().await.body, b"done");
    assert_eq!(client.answer().await.status, 200);
}

#[tokio::test]
async fn a_stream_that_has_nothing_to_send_ends_with_its_client() {
    let work = Work::default();
    let streamed = work.clone();
    let endpoint = make(move |_: Request| {
        let work = streamed.clone();
        async move {
            let rest = stream::once(async move { Ok::<_, std::io::Error>(Bytes::from(work.work().await)) });
            let first = stream::iter([Ok(Bytes::from_static(b"first"))]);
            Response::builder().body(Body::from_bytes_stream(first.chain(rest)))
        }
    });
    let running = start(http_config(), |site| site.page("/stream", get(endpoint))).await;
    drop(asked(&work, &running, "GET", "/stream").await);
    Work::seen(&work.ended).await;
    assert!(work.was_dropped.load(Ordering::SeqCst));
}
