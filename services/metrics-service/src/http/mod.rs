//! What the service answers: `/stats` with its document, and the dashboard.

mod api;
mod source;
mod stats;

use poem_openapi::{LicenseObject, OpenApiService, ServerObject};
use runtime::{
    config::HttpConfig,
    http::{Readiness, Site},
    metrics::Metrics,
};

use self::api::Api;
pub(crate) use self::source::StatsSource;
pub use self::stats::Stats;
use crate::dashboard::Dashboard;

const DESCRIPTION: &str = "What has become of all orders, in numbers: counts by status, how long things take, how much \
                           happens per second. Projected from the events; an answer never touches the orders themselves.";

/// The OpenAPI document; needs neither database nor Redis.
pub fn document() -> String {
    service(None).spec()
}

pub(crate) fn site(
    http: &HttpConfig,
    metrics: &Metrics,
    readiness: Readiness,
    stats: StatsSource,
    dashboard: Dashboard,
) -> Site {
    dashboard.mount(Site::new(http, metrics, readiness).api(service(Some(stats))))
}

fn service(stats: Option<StatsSource>) -> OpenApiService<Api, ()> {
    OpenApiService::new(Api { stats }, "Orderflow metrics-service", env!("CARGO_PKG_VERSION"))
        .description(DESCRIPTION)
        .license(LicenseObject::new("MIT OR Apache-2.0"))
        .server(ServerObject::new("/").description("This service"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::StreamExt as _;
    use poem::{
        Endpoint, EndpointExt, Request, Response,
        http::{Method, Uri},
    };
    use runtime::{Service, clock::Clock, db, lifecycle::Shutdown};
    use serde_json::Value;

    use super::*;
    use crate::{
        Config, Migrations,
        dashboard::{History, Live, OrderApi, Recent, Sight, Streams},
        projection::Projection,
        upkeep::backlog::Backlog,
    };

    const ADMIN_KEY: &str = "the key of the day";

    struct Place {
        projection: Arc<Projection>,
        endpoint: poem::endpoint::BoxEndpoint<'static>,
        _folder: tempfile::TempDir,
    }

    async fn place() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::load(None).unwrap();
        config.database.url = format!("sqlite://{}", folder.path().join("metrics.db").display());
        let database = db::connect(&config.database, Service::MetricsService).await.unwrap();
        database.migrate::<Migrations>().await.unwrap();
        let projection = Arc::new(Projection::new(database.clone(), Clock::system()));
        let (backlog, stop) = (Backlog::default(), Shutdown::manual());
        let stats = StatsSource::new(projection.clone(), backlog.clone(), Clock::system());
        let live = Live::new(projection.clone(), backlog, Sight::default(), Recent::default(), true);
        let dashboard = Dashboard {
            streams: Streams::new(live, 1, stop.draining()),
            history: History::new(database, projection.clone()),
            order_api: OrderApi::new(None).unwrap(),
            admin_key: ADMIN_KEY.into(),
        };
        let (metrics, readiness) = (Metrics::new(Service::MetricsService), Readiness::new(stop));
        let endpoint = site(&config.http, &metrics, readiness, stats, dashboard).endpoint();
        Place { projection, endpoint: endpoint.boxed(), _folder: folder }
    }

    async fn get(place: &Place, path: &'static str) -> Response {
        let request = Request::builder().uri(Uri::from_static(path)).finish();
        place.endpoint.call(request).await.unwrap()
    }

    #[tokio::test]
    async fn until_the_numbers_are_loaded_the_answer_says_so() {
        let place = place().await;
        let answer = get(&place, "/stats").await;
        assert_eq!((answer.status().as_u16(), answer.header("retry-after")), (503, Some("1")));
        assert_eq!(answer.into_body().into_json::<Value>().await.unwrap()["code"], "not_loaded");

        place.projection.load().await.unwrap();
        for path in ["/stats", "/stats/"] {
            let answer = get(&place, path).await;
            assert_eq!((answer.status().as_u16(), answer.content_type()), (200, Some("application/json")));
            assert_eq!(answer.into_body().into_json::<Value>().await.unwrap()["total_orders"], 0);
        }
    }

    #[tokio::test]
    async fn the_page_may_load_nothing_from_elsewhere_and_run_nothing_inline() {
        let place = place().await;
        for path in ["/", "/dashboard/assets/main.js", "/dashboard/assets/uPlot.iife.min.js"] {
            let answer = get(&place, path).await;
            assert_eq!(answer.status(), 200, "{path}");
            let policy = answer.header("content-security-policy").unwrap();
            assert!(
                policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"),
                "{policy}"
            );
            assert!(!policy.contains("unsafe"), "{policy}");
        }
        assert_eq!(get(&place, "/dashboard/assets/config.default.toml").await.status(), 404);
        assert_eq!(get(&place, "/dashboard/").await.header("location"), Some("/"));
    }

    #[tokio::test]
    async fn a_stream_begins_with_how_it_stands_and_there_are_no_more_than_allowed() {
        let place = place().await;
        let first = get(&place, "/dashboard/stream").await;
        assert_eq!((first.status().as_u16(), first.content_type()), (200, Some("text/event-stream")));
        let refused = get(&place, "/dashboard/stream").await;
        assert_eq!((refused.status().as_u16(), refused.header("retry-after")), (503, Some("30")));

        let mut bytes = first.into_body().into_bytes_stream();
        let event = String::from_utf8(bytes.next().await.unwrap().unwrap().to_vec()).unwrap();
        let json = event.strip_prefix("retry: 2000\n\ndata: ").unwrap().strip_suffix("\n\n").unwrap();
        let now: Value = serde_json::from_str(json).unwrap();
        assert_eq!(now["findings"][0]["code"], "loading", "{now}");
        drop(bytes);
        assert_eq!(get(&place, "/dashboard/stream").await.status(), 200);
    }

    #[tokio::test]
    async fn the_history_has_as_many_parts_as_its_window() {
        let place = place().await;
        place.projection.load().await.unwrap();
        for (window, parts) in [("15m", 90), ("1h", 360), ("24h", 360)] {
            let answer = ask(&place, &format!("/dashboard/history?window={window}"), None).await;
            let answer = answer.into_body().into_json::<Value>().await.unwrap();
            for list in ["time", "accepted_per_s", "waiting", "p99_s"] {
                assert_eq!(answer[list].as_array().unwrap().len(), parts, "{list}");
            }
        }
        assert_eq!(get(&place, "/dashboard/history?window=2y").await.status(), 400);
    }

    #[tokio::test]
    async fn only_the_key_lets_anybody_do_more_than_look() {
        let place = place().await;
        let path = "/dashboard/dead-letters/0:1-0/redrive";
        // There is no order-api: whoever is let in learns just that.
        for (key, status) in [(None, 401), (Some("not the key of today"), 401), (Some(ADMIN_KEY), 503)] {
            assert_eq!(ask(&place, path, key).await.status(), status, "{key:?}");
        }
        let elsewhere = ask(&place, "/dashboard/dead-letters/%2e%2e/redrive", Some(ADMIN_KEY)).await;
        assert_eq!(elsewhere.status(), 404);
    }

    /// A GET, or a POST where the path ends with what is to be done.
    async fn ask(place: &Place, path: &str, key: Option<&str>) -> Response {
        let method = if path.ends_with("/redrive") { Method::POST } else { Method::GET };
        let mut request = Request::builder().method(method).uri(path.parse().unwrap());
        if let Some(key) = key {
            request = request.header("x-admin-key", key);
        }
        place.endpoint.call(request.finish()).await.unwrap()
    }
}
