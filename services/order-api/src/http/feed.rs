//! The state of every order in pages, for metrics-service: it rebuilds its numbers from here when Redis has lost events.
//! Internal, and so not in the API's document; it tells nothing that the list of orders does not tell.
//!
//! `GET /internal/orders?after=<order id>&limit=<1 to 1000>`: oldest first.

use contract::{OrderId, Status, Timestamp};
use poem::{Endpoint, IntoResponse, Request, Response, endpoint::make};
use runtime::{
    db::Database,
    http::{JsonAnswer, Problem},
};
use sea_orm::{ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};

use crate::{
    entities::order,
    orders::{order_id, status},
    storage,
};

/// Where it is.
pub(crate) const PATH: &str = "/internal/orders";

const MOST: u64 = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    after: Option<OrderId>,
    limit: Option<u64>,
}

#[derive(Serialize)]
struct Page {
    orders: Vec<State>,
    /// For the next page; null on the last.
    next: Option<OrderId>,
}

#[derive(Serialize)]
struct State {
    order_id: OrderId,
    status: Status,
    version: i32,
    placed_at: Timestamp,
    /// When the last attempt began.
    started_at: Option<Timestamp>,
    /// When it was completed, failed or cancelled.
    finished_at: Option<Timestamp>,
    attempts: i32,
}

/// The endpoint, for the site.
pub(crate) fn endpoint(database: &Database) -> impl Endpoint<Output = Response> + use<> {
    let reader = database.reader.clone();
    poem::get(make(move |request: Request| {
        let reader = reader.clone();
        async move {
            match answer(&reader, &request).await {
                Ok(page) => JsonAnswer::<()>::of(&page).into_response(),
                Err(problem) => problem.into_response(),
            }
        }
    }))
}

async fn answer(reader: &DatabaseConnection, request: &Request) -> Result<Page, Problem> {
    let query: Query =
        request.params().map_err(|error| Problem::bad_request("invalid_parameter", error.to_string()))?;
    let limit = query.limit.unwrap_or(MOST);
    if !(1..=MOST).contains(&limit) {
        return Err(Problem::invalid_parameter("limit", format!("must be 1 to {MOST}")));
    }
    page(reader, query.after, limit).await.map_err(|error| storage::unavailable(&error))
}

async fn page(reader: &DatabaseConnection, after: Option<OrderId>, limit: u64) -> Result<Page, DbErr> {
    let mut select = order::Entity::find().order_by_asc(order::Column::Id).limit(limit + 1);
    if let Some(after) = after {
        select = select.filter(order::Column::Id.gt(after.as_uuid()));
    }
    let mut rows = select.all(reader).await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(order_id);
    Ok(Page { orders: rows.iter().map(State::of).collect::<Result<_, _>>()?, next })
}

impl State {
    fn of(row: &order::Model) -> Result<Self, DbErr> {
        let status = status(row)?;
        let finished_at = status.is_final().then(|| row.completed_at.unwrap_or(row.updated_at));
        Ok(Self {
            order_id: order_id(row),
            status,
            version: row.version,
            placed_at: Timestamp::from_micros(row.placed_at),
            started_at: row.started_at.map(Timestamp::from_micros),
            finished_at: finished_at.map(Timestamp::from_micros),
            attempts: row.attempts,
        })
    }
}
