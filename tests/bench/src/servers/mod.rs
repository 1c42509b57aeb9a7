//! The servers that order-api is compared with. Each is a process of its own, as order-api is: `bench serve …`.

mod each_transaction;
mod echo;
pub(crate) mod rows;

use std::time::Duration;

use poem::listener::TcpAcceptor;
use poem_openapi::{ApiResponse, Object, OpenApiService, payload::Json};
use runtime::{
    Service,
    config::{DatabaseConfig, HttpConfig, Synchronous},
    http::{self, Readiness, Site},
    lifecycle::Shutdown,
    metrics::Metrics,
};

use self::{each_transaction::EachTransaction, echo::Echo};
use crate::cli::{Serve, Server};

/// The body, with the checks that the framework itself offers.
#[derive(Clone, Debug, Object)]
struct Order {
    #[oai(validator(min_length = 1, max_length = 200))]
    user_id: String,
    #[oai(validator(min_items = 1, max_items = 1000))]
    item_ids: Vec<String>,
    #[oai(validator(minimum(value = "0")))]
    total_amount: f64,
}

#[derive(ApiResponse)]
enum Placed {
    #[oai(status = 201)]
    Created(Json<Order>),
}

/// Serves until it is told to end.
pub(crate) async fn serve(Serve { server, listen, database }: Serve) -> anyhow::Result<()> {
    let config = http_config(&listen);
    let listener = http::bind(&listen).await?;
    let shutdown = Shutdown::on_signals(Duration::from_secs(10))?;
    match server {
        Server::Echo => http::serve(listener, api(Echo), &config, shutdown).await?,
        Server::EchoPoem => {
            let draining = shutdown.draining();
            let server = poem::Server::new_with_acceptor(TcpAcceptor::from_tokio(listener)?);
            let ended = draining.cancelled();
            server.run_with_graceful_shutdown(api(Echo), ended, Some(Duration::from_secs(1))).await?;
        }
        Server::EchoEdge => {
            let metrics = Metrics::new(Service::OrderApi);
            let site = Site::new(&config, &metrics, Readiness::new(shutdown.clone())).api(api(Echo));
            http::serve(listener, site.endpoint(), &config, shutdown).await?;
        }
        Server::EachTransaction => {
            let api = api(EachTransaction::open(&database).await?);
            http::serve(listener, api, &config, shutdown).await?;
        }
    }
    Ok(())
}

fn api<T: poem_openapi::OpenApi + 'static>(api: T) -> OpenApiService<T, ()> {
    OpenApiService::new(api, "limits", "1")
}

/// As the services have it.
fn http_config(listen: &str) -> HttpConfig {
    HttpConfig {
        listen: listen.to_owned(),
        max_connections: 20_000,
        header_timeout_ms: 30_000,
        max_header_bytes: 65_536,
        max_body_bytes: 1_048_576,
        max_bulk_body_bytes: 16_777_216,
        concurrent_writes: 2_048,
        body_timeout_ms: 15_000,
        request_timeout_ms: 90_000,
    }
}

/// As order-api has it.
pub(crate) fn database_config(url: &str) -> DatabaseConfig {
    DatabaseConfig {
        url: url.to_owned(),
        readers: 1,
        synchronous: Synchronous::Full,
        busy_timeout_ms: 5_000,
        connect_timeout_ms: 5_000,
    }
}
