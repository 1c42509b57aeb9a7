//! What the page asks for. These routes are the page's own and change with it; programs have `/stats` and order-api.

use std::sync::Arc;

use contract::OrderId;
use poem::{
    EndpointExt, Error, Request, Response, Result,
    endpoint::make_sync,
    handler,
    http::{HeaderName, StatusCode, header},
    web::{Data, Path, Query, Redirect},
};
use runtime::http::{Problem, Site};
use serde::Deserialize;

use super::{AdminKey, assets, history::History, order_api::OrderApi, stream::Streams};

/// How a person's key comes.
const ADMIN_KEY: HeaderName = HeaderName::from_static("x-admin-key");

/// What the answers are made of.
pub(crate) struct Dashboard {
    pub(crate) streams: Streams,
    pub(crate) history: History,
    pub(crate) order_api: OrderApi,
    pub(crate) admin_key: AdminKey,
}

impl Dashboard {
    /// Adds the page, at the root, and what it asks for.
    pub(crate) fn mount(self, site: Site) -> Site {
        let dashboard = Arc::new(self);
        site.page("/", poem::get(page))
            // Where some will look for it.
            .page("/dashboard", poem::get(make_sync(|_| Redirect::temporary("/"))))
            .page("/dashboard/assets/:name", poem::get(asset))
            .page("/dashboard/stream", poem::get(stream).data(dashboard.clone()))
            .page("/dashboard/history", poem::get(history).data(dashboard.clone()))
            .page("/dashboard/orders/:id", poem::get(order).data(dashboard.clone()))
            .page("/dashboard/dead-letters", poem::get(dead_letters).data(dashboard.clone()))
            .page("/dashboard/dead-letters/:id", poem::get(dead_letter).data(dashboard.clone()))
            .page("/dashboard/dead-letters/:id/redrive", poem::post(redrive).data(dashboard))
    }

    /// Whether whoever asks may do more than look.
    fn admit(&self, request: &Request) -> Result<(), Problem> {
        if self.admin_key.is_none() {
            let detail = "the dashboard only shows: no dashboard.admin_key is set";
            return Err(Problem::new(StatusCode::FORBIDDEN, "read_only").with_detail(detail));
        }
        let given = request.headers().get(ADMIN_KEY).and_then(|key| key.to_str().ok()).unwrap_or_default();
        if !self.admin_key.is(given) {
            let detail = "this is not the admin key";
            return Err(Problem::new(StatusCode::UNAUTHORIZED, "wrong_admin_key").with_detail(detail));
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Wanted {
    window: String,
}

#[derive(Deserialize)]
struct After {
    cursor: Option<String>,
}

#[handler]
fn page() -> Response {
    assets::page()
}

#[handler]
fn asset(Path(name): Path<String>) -> Result<Response> {
    assets::asset(&name).ok_or_else(|| Error::from_status(StatusCode::NOT_FOUND))
}

#[handler]
fn stream(Data(dashboard): Data<&Arc<Dashboard>>) -> Result<Response> {
    Ok(dashboard.streams.open()?)
}

#[handler]
async fn history(Data(dashboard): Data<&Arc<Dashboard>>, Query(wanted): Query<Wanted>) -> Result<Response> {
    let window =
        wanted.window.parse().map_err(|reason: &str| Problem::invalid_parameter("window", reason))?;
    let answer = dashboard.history.over(window).await.map_err(|error| {
        tracing::warn!(%error, "the history can't be read");
        Problem::unavailable("storage_unavailable", "the database does not answer; try again shortly")
    })?;
    let json = Response::builder().content_type("application/json").header(header::CACHE_CONTROL, "no-store");
    Ok(json.body(answer))
}

#[handler]
async fn order(Data(dashboard): Data<&Arc<Dashboard>>, Path(id): Path<String>) -> Result<Response> {
    let id: OrderId = id.parse().map_err(|_| {
        Problem::not_found("order_not_found", "an order's id is ORD- and a UUID, such as its answer had")
    })?;
    Ok(dashboard.order_api.order(id).await?)
}

#[handler]
async fn dead_letters(
    Data(dashboard): Data<&Arc<Dashboard>>,
    Query(after): Query<After>,
) -> Result<Response> {
    Ok(dashboard.order_api.dead_letters(after.cursor.as_deref()).await?)
}

#[handler]
async fn dead_letter(Data(dashboard): Data<&Arc<Dashboard>>, Path(id): Path<String>) -> Result<Response> {
    Ok(dashboard.order_api.dead_letter(letter_id(&id)?).await?)
}

#[handler]
async fn redrive(
    Data(dashboard): Data<&Arc<Dashboard>>,
    Path(id): Path<String>,
    request: &Request,
) -> Result<Response> {
    dashboard.admit(request)?;
    let answer = dashboard.order_api.redrive(letter_id(&id)?).await?;
    tracing::info!(
        dead_letter = id,
        status = answer.status().as_u16(),
        "a redrive was asked for on the dashboard"
    );
    Ok(answer)
}

/// It becomes a part of an address of order-api: only what an id is made of may.
fn letter_id(id: &str) -> Result<&str, Problem> {
    let is_one =
        !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit() || byte == b':' || byte == b'-');
    is_one
        .then_some(id)
        .ok_or_else(|| Problem::not_found("dead_letter_not_found", "there is no such dead letter"))
}
