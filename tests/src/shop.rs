//! The services outside: one server that answers for stock, payment and fulfilment, and for undoing them. It does what is
//! asked of such services: the first call with an idempotency key has an effect, a repeat is answered alike, and what comes
//! after it was undone is refused.
//!
//! It keeps books on each order, by which a test sees what was done twice, or was done and never undone.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use poem::{
    EndpointExt, Server, handler,
    http::{HeaderMap, StatusCode},
    listener::TcpAcceptor,
    post,
    web::{Data, Json},
};
use serde_json::Value;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{client, client::text, wait::eventually};

/// What it can be asked to do, by the last part of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    Reserve,
    Pay,
    Fulfil,
    Release,
    Refund,
    Recall,
}

/// What was done for one order, and under which idempotency keys: one effect for each key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book(BTreeMap<Deed, BTreeSet<String>>);

/// Runs until dropped.
#[derive(Debug)]
pub struct Shop {
    pub port: u16,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    books: Mutex<BTreeMap<String, Book>>,
    /// Calls that wait for an answer while the shop is busy.
    waiting: watch::Sender<usize>,
    busy: watch::Sender<bool>,
}

impl Deed {
    const ALL: [Self; 6] =
        [Self::Reserve, Self::Pay, Self::Fulfil, Self::Release, Self::Refund, Self::Recall];

    const fn path(self) -> &'static str {
        match self {
            Self::Reserve => "/reserve",
            Self::Pay => "/pay",
            Self::Fulfil => "/fulfil",
            Self::Release => "/release",
            Self::Refund => "/refund",
            Self::Recall => "/recall",
        }
    }

    /// What undoes it.
    const fn undone_by(self) -> Option<Self> {
        match self {
            Self::Reserve => Some(Self::Release),
            Self::Pay => Some(Self::Refund),
            Self::Fulfil => Some(Self::Recall),
            Self::Release | Self::Refund | Self::Recall => None,
        }
    }
}

impl Book {
    /// What was done more than once.
    pub fn doubled(&self) -> Option<Deed> {
        Deed::ALL.into_iter().find(|deed| self.keys(*deed).count() > 1)
    }

    /// Whether it was done, and was not undone.
    pub fn stands(&self, deed: Deed) -> bool {
        self.keys(deed).any(|key| !self.is_undone(deed, key))
    }

    fn is_undone(&self, deed: Deed, key: &str) -> bool {
        let undo = format!("{key}/undo");
        deed.undone_by().is_some_and(|by| self.keys(by).any(|key| *key == undo))
    }

    fn keys(&self, deed: Deed) -> impl Iterator<Item = &String> {
        self.0.get(&deed).into_iter().flatten()
    }
}

impl Shop {
    /// # Panics
    /// When there is no free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an open listener has an address").port();
        let listener = listener.into_std().expect("it is a socket");
        let acceptor = TcpAcceptor::from_std(listener).expect("it is not blocking");
        let shared = Arc::new(Shared::default());
        let route = Deed::ALL
            .into_iter()
            .fold(poem::Route::new(), |route, deed| route.at(deed.path(), post(asked).data(deed)));
        let route = route.data(shared.clone());
        let serving = tokio::spawn(async move {
            Server::new_with_acceptor(acceptor).run(route).await.expect("it serves until it is dropped");
        });
        Self { port, shared, serving }
    }

    /// Which deed it refuses for the order with this number (see [`Client::order`](crate::Client::order)): some orders
    /// fail at each step.
    pub const fn refuses(number: usize) -> Option<Deed> {
        match number % 16 {
            5 => Some(Deed::Reserve),
            9 => Some(Deed::Pay),
            3 | 12 => Some(Deed::Fulfil),
            _ => None,
        }
    }

    /// For order-processor. `payments` is the port at which it finds what has to do with money: the shop's, or a way to it.
    pub fn settings(&self, payments: u16) -> Vec<(&'static str, String)> {
        let url = |port, deed: Deed| format!("http://127.0.0.1:{port}{}", deed.path());
        vec![
            ("ORDERFLOW_PIPELINE__MODE", "http".to_owned()),
            ("ORDERFLOW_PIPELINE__HTTP__STOCK_URL", url(self.port, Deed::Reserve)),
            ("ORDERFLOW_PIPELINE__HTTP__STOCK_RELEASE_URL", url(self.port, Deed::Release)),
            ("ORDERFLOW_PIPELINE__HTTP__PAYMENT_URL", url(payments, Deed::Pay)),
            ("ORDERFLOW_PIPELINE__HTTP__PAYMENT_REFUND_URL", url(payments, Deed::Refund)),
            ("ORDERFLOW_PIPELINE__HTTP__FULFILMENT_URL", url(self.port, Deed::Fulfil)),
            ("ORDERFLOW_PIPELINE__HTTP__FULFILMENT_CANCEL_URL", url(self.port, Deed::Recall)),
        ]
    }

    /// The books of all orders that it ever did something for.
    pub fn books(&self) -> BTreeMap<String, Book> {
        self.shared.books().clone()
    }

    /// No call is answered until it [answers](Self::answer) again; what it is asked is done all the same.
    pub fn hesitate(&self) {
        self.shared.busy.send_replace(true);
    }

    pub fn answer(&self) {
        self.shared.busy.send_replace(false);
    }

    /// Waits until somebody waits for an answer.
    pub async fn is_waited_for(&self) {
        eventually("somebody waits for the shop", async || match *self.shared.waiting.borrow() {
            0 => Err("nobody does".to_owned()),
            _ => Ok(()),
        })
        .await;
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[handler]
async fn asked(
    Data(deed): Data<&Deed>,
    Data(shared): Data<&Arc<Shared>>,
    headers: &HeaderMap,
    Json(order): Json<Value>,
) -> StatusCode {
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    let Some(key) = key else { return StatusCode::BAD_REQUEST };
    let answer = shared.does(*deed, key, &order);
    shared.waiting.send_modify(|waiting| *waiting += 1);
    // The shop is the sender's owner.
    let _ = shared.busy.subscribe().wait_for(|busy| !busy).await;
    shared.waiting.send_modify(|waiting| *waiting -= 1);
    answer
}

impl Shared {
    fn does(&self, deed: Deed, key: &str, order: &Value) -> StatusCode {
        if Shop::refuses(client::number(order)) == Some(deed) {
            return StatusCode::UNPROCESSABLE_ENTITY;
        }
        let mut books = self.books();
        let book = books.entry(text(order, "order_id")).or_default();
        let is_new = book.keys(deed).all(|known| known != key);
        if is_new && book.is_undone(deed, key) {
            return StatusCode::CONFLICT;
        }
        book.0.entry(deed).or_default().insert(key.to_owned());
        StatusCode::OK
    }

    fn books(&self) -> MutexGuard<'_, BTreeMap<String, Book>> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
