//! Retrying many failed orders at once: after whatever made them fail is repaired.

use contract::{OrderId, Timestamp, UserId};
use runtime::{
    http::{FieldError, FromJsonBody, JsonAnswer, Problem},
    trace_context::current_traceparent,
};
use serde::{Deserialize, Serialize};

use super::{
    fields::{Field, boolean, object, text},
    operation_schema as schema,
    state::State,
};
use crate::{
    intake::{Again, Outcome, Wish},
    orders::{self, FailedQuery},
    storage,
};

/// Most orders of one request.
const MOST: u64 = 1_000;
const DEFAULT_LIMIT: u64 = 100;
const MOST_CODE_CHARS: usize = 200;

/// The body of `POST /orders/retry`.
#[derive(Clone, Debug)]
pub(super) struct RetryOrders {
    query: FailedQuery,
    dry_run: bool,
}

/// The fields as they stand in the body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Fields<'a> {
    #[serde(borrow, default)]
    user_id: Field<'a>,
    #[serde(borrow, default)]
    failure_code: Field<'a>,
    #[serde(borrow, default)]
    created_from: Field<'a>,
    #[serde(borrow, default)]
    created_before: Field<'a>,
    #[serde(borrow, default)]
    limit: Field<'a>,
    #[serde(borrow, default)]
    dry_run: Field<'a>,
}

impl FromJsonBody for RetryOrders {
    type Schema = schema::RetryOrders;

    fn from_json(body: &[u8]) -> Result<Self, Problem> {
        let fields: Fields<'_> = object(body)?;
        let mut errors: Vec<FieldError> = Vec::new();
        let query = FailedQuery {
            user_id: fields.user_id.optional("user_id", &mut errors, UserId::from_json),
            failure_code: fields.failure_code.optional("failure_code", &mut errors, code),
            placed_from: fields.created_from.optional("created_from", &mut errors, time),
            placed_before: fields.created_before.optional("created_before", &mut errors, time),
            limit: fields.limit.optional("limit", &mut errors, limit).unwrap_or(DEFAULT_LIMIT),
        };
        let dry_run = fields.dry_run.optional("dry_run", &mut errors, boolean).unwrap_or_default();
        if errors.is_empty() { Ok(Self { query, dry_run }) } else { Err(Problem::validation(errors)) }
    }
}

impl State {
    pub(super) async fn retry_many(
        &self,
        asked: RetryOrders,
    ) -> Result<JsonAnswer<schema::RetriedOrders>, Problem> {
        let RetryOrders { query, dry_run } = asked;
        let found = orders::failed(&self.database.reader, &query).await;
        let found = found.map_err(|error| storage::unavailable(&error))?;
        let matched = found.orders.len() as u64 + found.compensating;
        let orders = if dry_run { found.orders } else { self.retry_these(found.orders).await? };
        let retried = if dry_run { 0 } else { orders.len() };
        let skipped = matched - orders.len() as u64;
        Ok(JsonAnswer::of(&Answer { matched, retried, skipped, orders, more: found.more }))
    }

    /// Those of them that stood so that it could be done.
    async fn retry_these(&self, orders: Vec<OrderId>) -> Result<Vec<OrderId>, Problem> {
        let now = self.clock.now();
        let again = |order_id: &OrderId| Again {
            order_id: *order_id,
            wish: Wish::Retry { now },
            traceparent: current_traceparent(),
        };
        let outcomes = self.intake.again(orders.iter().map(again).collect()).await;
        let outcomes = outcomes.map_err(|_| storage::cannot_store())?;
        let done =
            orders.into_iter().zip(outcomes).filter(|(_, outcome)| matches!(outcome, Outcome::Done(_)));
        Ok(done.map(|(order_id, _)| order_id).collect())
    }
}

/// Documented as [`schema::RetriedOrders`].
#[derive(Serialize)]
struct Answer {
    matched: u64,
    retried: usize,
    skipped: u64,
    orders: Vec<OrderId>,
    more: bool,
}

fn code(json: &str) -> Result<String, &'static str> {
    let code = text(json)?;
    let valid = (1..=MOST_CODE_CHARS).contains(&code.chars().count()) && !code.chars().any(char::is_control);
    if valid { Ok(code) } else { Err("must have 1 to 200 characters, none of them a control character") }
}

fn time(json: &str) -> Result<Timestamp, String> {
    text(json)?.parse().map_err(|error: contract::timestamp::InvalidTimestamp| error.to_string())
}

fn limit(json: &str) -> Result<u64, String> {
    let number = json.parse().ok().filter(|number| (1..=MOST).contains(number));
    number.ok_or_else(|| format!("must be a whole number from 1 to {MOST}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(body: &str) -> (u16, Vec<String>) {
        let problem = RetryOrders::from_json(body.as_bytes()).unwrap_err();
        (problem.status.as_u16(), problem.errors.into_iter().map(|error| error.field).collect())
    }

    #[test]
    fn nothing_given_is_the_oldest_hundred() {
        let RetryOrders { query, dry_run } = RetryOrders::from_json(b"{}").unwrap();
        assert_eq!((query.limit, dry_run, query.user_id, query.failure_code), (100, false, None, None));
        let body = r#"{"user_id": 42, "failure_code": "payment_refused", "created_from": "2026-01-31T09:30:00Z",
            "created_before": "2026-02-01T00:00:00+01:00", "limit": 1000, "dry_run": true}"#;
        let RetryOrders { query, dry_run } = RetryOrders::from_json(body.as_bytes()).unwrap();
        assert_eq!((query.user_id.unwrap().as_str(), query.limit, dry_run), ("42", 1_000, true));
        assert!(query.placed_from.unwrap() < query.placed_before.unwrap());
    }

    #[test]
    fn every_wrong_field_is_named() {
        for (field, wrong) in [
            ("user_id", "null"),
            ("user_id", "\"\""),
            ("user_id", "1.5"),
            ("failure_code", "7"),
            ("failure_code", "\"\""),
            ("failure_code", "\"a\\u0000\""),
            ("created_from", "\"yesterday\""),
            ("created_before", "1764000000"),
            ("limit", "0"),
            ("limit", "1001"),
            ("limit", "-1"),
            ("limit", "10.0"),
            ("limit", "\"10\""),
            ("dry_run", "1"),
            ("dry_run", "\"true\""),
            ("dry_run", "null"),
            ("all", "true"),
        ] {
            assert_eq!(
                refused(&format!(r#"{{"{field}": {wrong}}}"#)),
                (422, vec![field.to_owned()]),
                "{wrong}"
            );
        }
        assert_eq!(
            refused(r#"{"limit": 0, "user_id": [], "dry_run": {}}"#).1,
            ["user_id", "limit", "dry_run"]
        );
        assert_eq!(refused("[]"), (422, vec!["body".to_owned()]));
        assert_eq!(refused(""), (400, vec![]));
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = RetryOrders::from_json(&body);
        }
    }
}
