//! The other side of a rebuild: a real HTTP server that answers `GET /internal/orders` as order-api does.

use std::sync::{Arc, Mutex};

use contract::OrderId;
use metrics_service::projection::OrderRecord;
use poem::{
    EndpointExt, IntoResponse, Response, Server, get, handler,
    http::StatusCode,
    listener::TcpAcceptor,
    web::{Data, Json, Query},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

/// Smaller than what is asked for, so that a few orders fill several pages.
const PAGE: usize = 7;

/// Serves until it is dropped.
pub(crate) struct OrderApi {
    port: u16,
    state: Arc<Mutex<State>>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    records: Vec<OrderRecord>,
    /// Pages that are still answered; `None`: all.
    answers_left: Option<usize>,
    /// After which order each page that was answered begins.
    asked: Vec<Option<OrderId>>,
    refused: usize,
}

#[derive(Deserialize)]
struct Asked {
    limit: usize,
    after: Option<OrderId>,
}

impl OrderApi {
    pub(crate) async fn start() -> Self {
        Self::start_on(0).await
    }

    pub(crate) async fn start_on(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = TcpAcceptor::from_std(listener.into_std().unwrap()).unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let route = poem::Route::new().at("/internal/orders", get(orders)).data(state.clone());
        let serving = tokio::spawn(async move {
            Server::new_with_acceptor(acceptor).run(route).await.unwrap();
        });
        Self { port, state, serving }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on it knows these orders, oldest first.
    pub(crate) fn knows(&self, records: Vec<OrderRecord>) {
        self.state.lock().unwrap().records = records;
    }

    /// Answers so many pages, and then 503.
    pub(crate) fn answers_only(&self, pages: usize) {
        self.state.lock().unwrap().answers_left = Some(pages);
    }

    pub(crate) fn answers_again(&self) {
        self.state.lock().unwrap().answers_left = None;
    }

    pub(crate) fn asked(&self) -> Vec<Option<OrderId>> {
        self.state.lock().unwrap().asked.clone()
    }

    /// How often it has answered 503.
    pub(crate) fn refused(&self) -> usize {
        self.state.lock().unwrap().refused
    }
}

impl Drop for OrderApi {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[handler]
fn orders(Query(asked): Query<Asked>, Data(state): Data<&Arc<Mutex<State>>>) -> Response {
    let mut state = state.lock().unwrap();
    match &mut state.answers_left {
        Some(0) => {
            state.refused += 1;
            return StatusCode::SERVICE_UNAVAILABLE.with_header("Retry-After", "0").into_response();
        }
        Some(left) => *left -= 1,
        None => {}
    }
    state.asked.push(asked.after);
    let mut rest = state.records.iter().filter(|order| Some(order.order_id) > asked.after).peekable();
    let page: Vec<_> = rest.by_ref().take(asked.limit.min(PAGE)).collect();
    let next = rest.peek().and(page.last()).map(|last| last.order_id);
    Json(json!({ "orders": page.into_iter().map(order).collect::<Value>(), "next": next })).into_response()
}

fn order(record: &OrderRecord) -> Value {
    json!({
        "order_id": record.order_id,
        "status": record.status,
        "version": record.version,
        "placed_at": record.placed_at,
        "started_at": record.started_at,
        "finished_at": record.finished_at,
        "attempts": record.attempts,
    })
}
