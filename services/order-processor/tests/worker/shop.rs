//! The other side of the HTTP pipeline: one server that answers for all three steps and their undoing, as a test wants it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use order_processor::{Config, config::Mode};
use poem::{
    Endpoint, IntoResponse, Request, Response, Server,
    http::StatusCode,
    listener::{Acceptor, Listener, TcpListener},
};
use system_tests::eventually;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// A call, as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) key: String,
    pub(crate) traceparent: String,
    pub(crate) body: String,
}

/// What it is answered.
pub(crate) enum Reply {
    Status(u16, &'static str),
    Redirect(String),
    /// None at all, for as long as the caller waits.
    Silence,
}

pub(crate) struct Shop {
    pub(crate) url: String,
    shared: Arc<Shared>,
    _server: AbortOnDropHandle<()>,
}

type Replies = Box<dyn Fn(&Call, usize) -> Reply + Send + Sync>;

struct Shared {
    calls: Mutex<Vec<Call>>,
    open: watch::Sender<bool>,
    reply: Replies,
}

impl Shop {
    /// Says yes to everything.
    pub(crate) async fn start() -> Self {
        Self::answering(|_, _| Reply::Status(200, "")).await
    }

    /// `reply` is told the call, and how many came before it with the same idempotency key.
    pub(crate) async fn answering(reply: impl Fn(&Call, usize) -> Reply + Send + Sync + 'static) -> Self {
        let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
        let address = acceptor.local_addr()[0].as_socket_addr().unwrap().to_string();
        let shared = Arc::new(Shared {
            calls: Mutex::default(),
            open: watch::Sender::new(true),
            reply: Box::new(reply),
        });
        let counter = Counter(shared.clone());
        let server = tokio::spawn(async move {
            Server::new_with_acceptor(acceptor).run(counter).await.unwrap();
        });
        Self { url: format!("http://{address}"), shared, _server: AbortOnDropHandle::new(server) }
    }

    /// Lets a worker ask this shop.
    pub(crate) fn serves(&self, config: &mut Config) {
        config.pipeline.mode = Mode::Http;
        config.pipeline.http.stock_url = format!("{}/stock", self.url);
        config.pipeline.http.payment_url = format!("{}/payment", self.url);
        config.pipeline.http.fulfilment_url = format!("{}/fulfilment", self.url);
        config.pipeline.http.stock_release_url = format!("{}/stock/release", self.url);
        config.pipeline.http.payment_refund_url = format!("{}/payment/refund", self.url);
        config.pipeline.http.fulfilment_cancel_url = format!("{}/fulfilment/cancel", self.url);
    }

    /// No call is answered until it opens again.
    pub(crate) fn close(&self) {
        self.shared.open.send_replace(false);
    }

    pub(crate) fn open(&self) {
        self.shared.open.send_replace(true);
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.shared.calls.lock().unwrap().clone()
    }

    /// The idempotency keys of all calls, without the order's id where it is this one's.
    pub(crate) fn keys(&self, number: u32) -> Vec<String> {
        let id = format!("{}/", crate::orders::order_id(number));
        self.calls().into_iter().map(|call| call.key.replace(&id, "")).collect()
    }

    /// The paths that were called for one order.
    pub(crate) fn calls_for(&self, number: u32) -> Vec<String> {
        let id = format!("{}/", crate::orders::order_id(number));
        self.calls().into_iter().filter(|call| call.key.starts_with(&id)).map(|call| call.path).collect()
    }

    /// Waits until a path was called this often.
    pub(crate) async fn is_called_at(&self, path: &str, times: usize) {
        eventually(&format!("{path} is called {times} times"), async || {
            match self.calls().iter().filter(|call| call.path == path).count() {
                calls if calls >= times => Ok(()),
                calls => Err(format!("{calls} times")),
            }
        })
        .await;
    }

    pub(crate) async fn is_called(&self, times: usize) {
        eventually(&format!("the shop is called {times} times"), async || match self.calls().len() {
            calls if calls >= times => Ok(()),
            calls => Err(format!("{calls} times")),
        })
        .await;
    }
}

/// Where the calls arrive.
struct Counter(Arc<Shared>);

impl Endpoint for Counter {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let header = |name| request.header(name).unwrap_or_default().to_owned();
        let (key, traceparent) = (header("idempotency-key"), header("traceparent"));
        let path = request.uri().path().to_owned();
        let body = request.take_body().into_string().await.unwrap();
        let call = Call { path, key, traceparent, body };
        let before = {
            let mut calls = self.0.calls.lock().unwrap();
            let before = calls.iter().filter(|earlier| earlier.key == call.key).count();
            calls.push(call.clone());
            before
        };
        self.0.open.subscribe().wait_for(|open| *open).await.unwrap();
        Ok(match (self.0.reply)(&call, before) {
            Reply::Status(status, body) => {
                StatusCode::from_u16(status).unwrap().with_body(body).into_response()
            }
            Reply::Redirect(to) => StatusCode::TEMPORARY_REDIRECT.with_header("location", to).into_response(),
            Reply::Silence => {
                tokio::time::sleep(Duration::from_mins(10)).await;
                StatusCode::OK.into_response()
            }
        })
    }
}
