//! All that a service answers over HTTP, put together in the one right order.

use std::time::Duration;

use poem::{
    Endpoint, EndpointExt, IntoEndpoint, Request, Response, Route, endpoint::BoxEndpoint,
    error::NotFoundError,
};
use poem_openapi::{OpenApi, OpenApiService, Webhook};
use tokio::sync::Semaphore;

use super::{
    context::BodyLimits,
    docs,
    document::{document, in_words},
    edge::Edge,
    health,
    health::Readiness,
    observe::HttpMetrics,
    routes::Routes,
};
use crate::{config::HttpConfig, metrics::Metrics};

/// Collects a service's endpoints: health and metrics from the start, then its API and its pages.
///
/// ```no_run
/// # use runtime::{config::HttpConfig, http::{self, Readiness, Site}, lifecycle::Shutdown, metrics::Metrics};
/// # async fn run(config: &HttpConfig, metrics: &Metrics, api: poem_openapi::OpenApiService<(), ()>) {
/// let shutdown = Shutdown::manual();
/// let readiness = Readiness::new(shutdown.clone()).check("database", async || Ok::<_, String>(()));
/// let endpoint = Site::new(config, metrics, readiness).api(api).endpoint();
/// let listener = http::bind(&config.listen).await.expect("a free address");
/// http::serve(listener, endpoint, config, shutdown).await.expect("an open listener");
/// # }
/// ```
pub struct Site {
    http: HttpConfig,
    metrics: Metrics,
    pages: Route,
    /// First segments of the pages' paths; everything else is the API's.
    segments: Vec<String>,
    api: Option<BoxEndpoint<'static>>,
    routes: Routes,
}

impl Site {
    pub fn new(http: &HttpConfig, metrics: &Metrics, readiness: Readiness) -> Self {
        Self {
            http: http.clone(),
            metrics: metrics.clone(),
            pages: health::mount(Route::new(), readiness, metrics.clone()),
            segments: ["healthz", "readyz", "metrics"].map(str::to_owned).into(),
            api: None,
            routes: Routes::default(),
        }
    }

    /// The service's API, at the root, with `/docs` and `/openapi.json`. Its paths are registered without a
    /// trailing slash, and work with and without.
    pub fn api<T: OpenApi + 'static, W: Webhook + 'static>(mut self, service: OpenApiService<T, W>) -> Self {
        let document = document(&service);
        self.routes = Routes::of_document(&document);
        let page = in_words(&service.swagger_ui_html());
        self.pages = docs::mount(self.pages, page, document);
        self.segments.extend(["docs", "openapi.json"].map(str::to_owned));
        self.api = Some(service.into_endpoint());
        self
    }

    /// A page beside the API, such as `/` or `/assets/app.js`. All paths that share its first segment are
    /// then looked for among the pages and not in the API.
    pub fn page<E>(mut self, path: &str, endpoint: E) -> Self
    where
        E: IntoEndpoint,
        E::Endpoint: 'static,
    {
        self.segments.push(first_segment(path).to_owned());
        self.pages = self.pages.at(path, endpoint);
        self
    }

    /// Everything behind the edge, ready to be served.
    pub fn endpoint(self) -> impl Endpoint<Output = Response> + 'static {
        let Self { http, metrics, pages, segments, api, routes } = self;
        Edge {
            inner: Rooms { pages: pages.map_to_response().boxed(), segments, api },
            routes,
            metrics: HttpMetrics::new(&metrics),
            body_limits: BodyLimits::of(&http),
            request_timeout: Duration::from_millis(http.request_timeout_ms),
            turns: Semaphore::new(http.concurrent_writes.clamp(1, Semaphore::MAX_PERMITS)),
        }
    }
}

/// Chooses by the path's first segment. Nesting the API in a route would rewrite the URI of every request.
struct Rooms {
    pages: BoxEndpoint<'static>,
    segments: Vec<String>,
    api: Option<BoxEndpoint<'static>>,
}

impl Endpoint for Rooms {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let first = first_segment(request.uri().path());
        let is_page = self.segments.iter().any(|segment| segment == first);
        let chosen = if is_page { Some(&self.pages) } else { self.api.as_ref() };
        // Called in one place: a future has room for the request in each place where it may be handed on.
        match chosen {
            Some(endpoint) => endpoint.call(request).await,
            None => Err(NotFoundError.into()),
        }
    }
}

fn first_segment(path: &str) -> &str {
    path.trim_start_matches('/').split('/').next().unwrap_or_default()
}
