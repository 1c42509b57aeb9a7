//! A trace collector: takes OTLP over HTTP, as any other would, and keeps what it is sent.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value},
    trace::v1::status::StatusCode as SpanStatus,
};
use poem::{Body, EndpointExt, Server, handler, http::StatusCode, listener::TcpAcceptor, post, web::Data};
use prost::Message;
use tokio::{net::TcpListener, task::JoinHandle};

/// Runs until dropped.
#[derive(Debug)]
pub struct Collector {
    pub address: SocketAddr,
    spans: Spans,
    serving: JoinHandle<()>,
}

type Spans = Arc<Mutex<Vec<Span>>>;

/// What is looked at of a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub service: String,
    pub name: String,
    /// Lower-case hexadecimal, like the other ids.
    pub trace_id: String,
    pub span_id: String,
    pub parent_id: String,
    /// The traces that it also works for.
    pub links: Vec<String>,
    /// Why what it does has failed.
    pub error: Option<String>,
    /// Nanoseconds since 1970.
    pub begin: u64,
    pub end: u64,
}

impl Collector {
    /// # Panics
    /// When there is no free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an open listener has an address");
        let listener = listener.into_std().expect("it is a socket");
        let acceptor = TcpAcceptor::from_std(listener).expect("it is not blocking");
        let spans = Spans::default();
        let route = poem::Route::new().at("/v1/traces", post(collect)).data(spans.clone());
        let serving = tokio::spawn(async move {
            Server::new_with_acceptor(acceptor).run(route).await.expect("it serves until it is dropped");
        });
        Self { address, spans, serving }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What has come so far of one trace.
    pub fn trace(&self, trace_id: &str) -> Vec<Span> {
        let spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        spans.iter().filter(|span| span.trace_id == trace_id).cloned().collect()
    }

    /// The ids of all traces of which something has come.
    pub fn traces(&self) -> BTreeSet<String> {
        let spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        spans.iter().map(|span| span.trace_id.clone()).collect()
    }

    /// Spans of other traces that are linked to this one.
    pub fn linked_to(&self, trace_id: &str) -> Vec<Span> {
        let spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        spans.iter().filter(|span| span.links.iter().any(|link| link == trace_id)).cloned().collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[handler]
async fn collect(body: Body, Data(spans): Data<&Spans>) -> StatusCode {
    let Ok(bytes) = body.into_bytes().await else { return StatusCode::BAD_REQUEST };
    let Ok(request) = ExportTraceServiceRequest::decode(bytes) else { return StatusCode::BAD_REQUEST };
    let mut kept = spans.lock().unwrap_or_else(PoisonError::into_inner);
    for resource in request.resource_spans {
        let attributes = resource.resource.map(|resource| resource.attributes).unwrap_or_default();
        let service = text(&attributes, "service.name").unwrap_or_default();
        for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            kept.push(Span {
                service: service.clone(),
                name: span.name,
                trace_id: hex(&span.trace_id),
                span_id: hex(&span.span_id),
                parent_id: hex(&span.parent_span_id),
                links: span.links.iter().map(|link| hex(&link.trace_id)).collect(),
                begin: span.start_time_unix_nano,
                end: span.end_time_unix_nano,
                error: span
                    .status
                    .filter(|status| status.code() == SpanStatus::Error)
                    .map(|status| status.message),
            });
        }
    }
    StatusCode::OK
}

fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    let value = &attributes.iter().find(|attribute| attribute.key == key)?.value;
    match value.as_ref()?.value.as_ref()? {
        any_value::Value::StringValue(text) => Some(text.clone()),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
