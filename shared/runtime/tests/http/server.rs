//! The accept loop's bounds and its end, over real sockets.

use std::{sync::Arc, time::Duration};

use crate::support::{Client, DEADLINE, http_config, start};
use poem::{endpoint::make, get, post};
use tokio::sync::{Notify, Semaphore};

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let running = start(http_config(), |site| site).await;
    let mut client = Client::connect(running.address).await;
    for _ in 0..3 {
        assert_eq!(client.get("/healthz").await.status, 200);
    }
    // Two at once, one after the other in one packet.
    client.write(&"GET /healthz HTTP/1.1\r\nhost: t\r\n\r\n".repeat(2)).await;
    assert_eq!((client.answer().await.status, client.answer().await.status), (200, 200));
}

#[tokio::test]
async fn a_header_that_never_ends_is_cut_off() {
    let mut config = http_config();
    config.header_timeout_ms = 200;
    let running = start(config, |site| site).await;
    let mut client = Client::connect(running.address).await;
    client.write("GET /healthz HTTP/1.1\r\nhost: t").await;
    client.closed().await;
    let mut silent = Client::connect(running.address).await;
    assert_eq!(silent.closed().await, b"");
}

#[tokio::test]
async fn a_header_too_large_is_refused() {
    let running = start(http_config(), |site| site).await;
    let mut client = Client::connect(running.address).await;
    client
        .write(&format!("GET /healthz HTTP/1.1\r\nhost: t\r\nx-large: {}\r\n\r\n", "x".repeat(20_000)))
        .await;
    // The answer is 431, but the reset that ends the connection may overtake it.
    let answer = client.closed().await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"));
}

#[tokio::test]
async fn connections_past_the_bound_wait_their_turn() {
    let mut config = http_config();
    config.max_connections = 1;
    let running = start(config, |site| site).await;
    let mut first = Client::connect(running.address).await;
    assert_eq!(first.get("/healthz").await.status, 200);

    let mut second = Client::connect(running.address).await;
    second.write("GET /healthz HTTP/1.1\r\nhost: t\r\n\r\n").await;
    let mut byte = [0];
    let early = tokio::time::timeout(Duration::from_millis(300), second.0.peek(&mut byte)).await;
    assert!(early.is_err(), "answered while the only slot was taken");
    drop(first);
    assert_eq!(second.answer().await.status, 200);
}

/// A site with a page that answers when told to.
async fn with_slow_page() -> (crate::support::Running, Arc<Notify>, Arc<Notify>) {
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (entered, release) = (begun.clone(), go_on.clone());
    let slow = get(make(move |_| {
        let (entered, release) = (entered.clone(), release.clone());
        async move {
            entered.notify_one();
            release.notified().await;
            "done"
        }
    }));
    let running = start(http_config(), |site| site.page("/slow", slow)).await;
    (running, begun, go_on)
}

/// Two may write at once, as the settings here have it.
#[tokio::test]
async fn who_writes_waits_for_a_turn_and_who_reads_does_not() {
    let (begun, go_on) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (entered, release) = (begun.clone(), go_on.clone());
    let slow = post(make(move |_| {
        let (entered, release) = (entered.clone(), release.clone());
        async move {
            entered.add_permits(1);
            release.acquire().await.unwrap().forget();
            "done"
        }
    }));
    let running = start(http_config(), |site| site.page("/slow", slow)).await;
    let mut writers = Vec::new();
    for _ in 0..2 {
        let mut client = Client::connect(running.address).await;
        client.write("POST /slow HTTP/1.1\r\nhost: t\r\ncontent-length: 0\r\n\r\n").await;
        tokio::time::timeout(DEADLINE, begun.acquire()).await.unwrap().unwrap().forget();
        writers.push(client);
    }
    let mut third = Client::connect(running.address).await;
    third.write("POST /slow HTTP/1.1\r\nhost: t\r\ncontent-length: 0\r\n\r\n").await;
    let mut reader = Client::connect(running.address).await;
    for _ in 0..3 {
        assert_eq!(reader.get("/healthz").await.status, 200);
    }
    assert_eq!(begun.available_permits(), 0, "a third was let in");
    go_on.add_permits(1);
    tokio::time::timeout(DEADLINE, begun.acquire()).await.expect("the third has its turn").unwrap().forget();
    go_on.add_permits(2);
    for mut client in writers.into_iter().chain([third]) {
        assert_eq!(client.answer().await.status, 200);
    }
}

#[tokio::test]
async fn draining_finishes_what_is_in_flight_and_closes_what_is_idle() {
    let (running, begun, go_on) = with_slow_page().await;
    let mut idle = Client::connect(running.address).await;
    assert_eq!(idle.get("/healthz").await.status, 200);
    let mut busy = Client::connect(running.address).await;
    busy.write("GET /slow HTTP/1.1\r\nhost: t\r\n\r\n").await;
    tokio::time::timeout(DEADLINE, begun.notified()).await.unwrap();

    running.shutdown.drain();
    idle.closed().await;
    assert!(!running.served.is_finished());
    go_on.notify_one();
    let answer = busy.answer().await;
    assert_eq!((answer.status, &*answer.body), (200, &b"done"[..]));
    tokio::time::timeout(DEADLINE, running.served).await.unwrap().unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(running.address).await.is_err(), "still listening");
}

#[tokio::test]
async fn aborting_drops_what_is_in_flight() {
    let (running, begun, _never) = with_slow_page().await;
    let mut busy = Client::connect(running.address).await;
    busy.write("GET /slow HTTP/1.1\r\nhost: t\r\n\r\n").await;
    tokio::time::timeout(DEADLINE, begun.notified()).await.unwrap();
    running.shutdown.abort();
    assert_eq!(busy.closed().await, b"");
    tokio::time::timeout(DEADLINE, running.served).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn the_health_check_of_the_command_line_asks_the_running_service() {
    let running = start(http_config(), |site| site).await;
    runtime::cli::healthcheck(&running.address.to_string()).await.unwrap();
}

#[tokio::test]
async fn nonsense_is_refused_without_harm() {
    let running = start(http_config(), |site| site).await;
    for nonsense in
        ["\u{16}\u{3}\u{1}hello\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "PRI * HTTP/2.0\r\n\r\n"]
    {
        let mut client = Client::connect(running.address).await;
        client.write(nonsense).await;
        let answer = client.closed().await;
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{nonsense:?}");
    }
    let mut client = Client::connect(running.address).await;
    client.write("CONNECT example.com:80 HTTP/1.1\r\nhost: t\r\n\r\n").await;
    assert_eq!(client.answer().await.status, 400);
    let mut client = Client::connect(running.address).await;
    client.write("OPTIONS * HTTP/1.1\r\nhost: t\r\n\r\n").await;
    assert_eq!(client.answer().await.status, 400);
}
