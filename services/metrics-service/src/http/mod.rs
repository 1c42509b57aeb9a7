//! What the service answers: `/stats` with its document, and the way from `/` to it.

mod api;
mod source;
mod stats;

use poem::{endpoint::make_sync, web::Redirect};
use poem_openapi::{LicenseObject, OpenApiService, ServerObject};
use runtime::{
    config::HttpConfig,
    http::{Readiness, Site},
    metrics::Metrics,
};

use self::api::Api;
pub(crate) use self::source::StatsSource;
pub use self::stats::Stats;

const DESCRIPTION: &str = "What has become of all orders, in numbers: counts by status, how long things take, how much \
                           happens per second. Projected from the events; an answer never touches the orders themselves.";

/// The OpenAPI document; needs neither database nor Redis.
pub fn document() -> String {
    service(None).spec()
}

pub(crate) fn site(http: &HttpConfig, metrics: &Metrics, readiness: Readiness, stats: StatsSource) -> Site {
    let to_docs = poem::get(make_sync(|_| Redirect::temporary("/docs")));
    Site::new(http, metrics, readiness).api(service(Some(stats))).page("/", to_docs)
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

    use poem::{Endpoint, Request, Response, http::Uri};
    use runtime::{Service, clock::Clock, db, lifecycle::Shutdown};
    use serde_json::Value;

    use super::*;
    use crate::{Config, Migrations, projection::Projection, upkeep::backlog::Backlog};

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
        let projection = Arc::new(Projection::new(database, Clock::system()));
        let stats = StatsSource::new(projection.clone(), Backlog::default(), Clock::system());
        let (metrics, readiness) =
            (Metrics::new(Service::MetricsService), Readiness::new(Shutdown::manual()));
        let endpoint = site(&config.http, &metrics, readiness, stats).endpoint();
        Place { projection, endpoint, _folder: folder }
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
    async fn the_root_leads_to_the_documentation() {
        let answer = get(&place().await, "/").await;
        assert_eq!((answer.status().as_u16(), answer.header("location")), (307, Some("/docs")));
    }
}
