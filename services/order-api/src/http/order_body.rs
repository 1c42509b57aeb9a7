//! Bodies of orders, parsed once into what is valid by its type. Every field that is wrong is named, all of them at
//! once.

use contract::{ItemId, ItemIds, Money, OrderContent, UserId, order::MAX_ITEMS};
use runtime::http::{FieldError, FromJsonBody, Problem};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    fields::{Field, object},
    schema,
};
use crate::{config::MAX_BATCH_ORDERS, webhooks::Callback};

/// Most wrong items that are named one by one.
const MOST_ERRORS: usize = 20;

/// The body of `POST /orders`.
#[derive(Clone, Debug)]
pub(super) struct PlaceOrder {
    pub(super) content: OrderContent,
    pub(super) callback: Option<Box<Callback>>,
}

/// The body of `POST /orders/batch`: each order by itself is valid or not.
#[derive(Clone, Debug)]
pub(super) struct PlaceOrders(pub(super) Vec<Result<PlaceOrder, Problem>>);

impl FromJsonBody for PlaceOrder {
    type Schema = schema::PlaceOrder;

    fn from_json(body: &[u8]) -> Result<Self, Problem> {
        let fields: Fields<'_> = object(body).map_err(|problem| not_a_number(body).unwrap_or(problem))?;
        fields.check()
    }
}

impl FromJsonBody for PlaceOrders {
    type Schema = schema::PlaceOrders;

    const BULK: bool = true;

    fn from_json(body: &[u8]) -> Result<Self, Problem> {
        let batch: Batch<'_> = object(body)?;
        if !(1..=MAX_BATCH_ORDERS).contains(&batch.orders.len()) {
            let message = format!("must hold 1 to {MAX_BATCH_ORDERS} orders");
            return Err(Problem::validation(vec![FieldError::new("orders", message)]));
        }
        let order = |raw: &&RawValue| object::<Fields<'_>>(raw.get().as_bytes())?.check();
        Ok(Self(batch.orders.iter().map(order).collect()))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Batch<'a> {
    #[serde(borrow)]
    orders: Vec<&'a RawValue>,
}

/// The fields as they stand in the body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Fields<'a> {
    #[serde(borrow, default)]
    user_id: Field<'a>,
    #[serde(borrow, default)]
    item_ids: Field<'a>,
    #[serde(borrow, default)]
    total_amount: Field<'a>,
    #[serde(borrow, default)]
    callback_url: Field<'a>,
}

impl Fields<'_> {
    fn check(&self) -> Result<PlaceOrder, Problem> {
        let mut errors = Vec::new();
        let one = |name: &'static str, error: &dyn std::fmt::Display| {
            vec![FieldError::new(name, error.to_string())]
        };
        let user_id = self.user_id.read("user_id", &mut errors, |json| {
            UserId::from_json(json).map_err(|error| one("user_id", &error))
        });
        let item_ids = self.item_ids.read("item_ids", &mut errors, items);
        let total_amount = self.total_amount.read("total_amount", &mut errors, |json| {
            json.parse::<Money>().map_err(|error| one("total_amount", &error))
        });
        let callback = self.callback_url.optional("callback_url", &mut errors, Callback::from_json);
        match (user_id, item_ids, total_amount) {
            (Some(user_id), Some(item_ids), Some(total_amount)) if errors.is_empty() => {
                let content = OrderContent { user_id, item_ids, total_amount };
                Ok(PlaceOrder { content, callback: callback.map(Box::new) })
            }
            _ => Err(Problem::validation(errors)),
        }
    }
}

fn items(json: &str) -> Result<ItemIds, Vec<FieldError>> {
    let wrong = |message: String| vec![FieldError::new("item_ids", message)];
    let list: Vec<&RawValue> = serde_json::from_str(json)
        .map_err(|_| wrong(format!("must be a list of 1 to {MAX_ITEMS} strings or integers")))?;
    if list.len() > MAX_ITEMS {
        return Err(wrong(contract::order::InvalidItemCount.to_string()));
    }
    let (mut items, mut errors) = (Vec::with_capacity(list.len()), Vec::new());
    for (index, raw) in list.iter().enumerate() {
        match ItemId::from_json(raw.get()) {
            Ok(item) => items.push(item),
            Err(error) if errors.len() < MOST_ERRORS => {
                errors.push(FieldError::new(format!("item_ids[{index}]"), error.to_string()));
            }
            Err(_) => {}
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    items.try_into().map_err(|error: contract::order::InvalidItemCount| wrong(error.to_string()))
}

/// `NaN` and `Infinity` are no JSON, and yet what some programs write for an amount that is no number. Their mistake is
/// named as they know it. Looked for only in bodies that are no JSON.
fn not_a_number(body: &[u8]) -> Option<Problem> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, after) = text.split_once("\"total_amount\"")?;
    let value = after.trim_start().strip_prefix(':')?.trim_start();
    let value = value.strip_prefix('-').unwrap_or(value);
    ["NaN", "Infinity"].iter().any(|name| value.starts_with(name)).then(|| {
        let error = contract::money::InvalidMoney::NotANumber.to_string();
        Problem::validation(vec![FieldError::new("total_amount", error)])
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(body: &str) -> (u16, Vec<String>) {
        let problem = PlaceOrder::from_json(body.as_bytes()).unwrap_err();
        (problem.status.as_u16(), problem.errors.into_iter().map(|error| error.field).collect())
    }

    /// Both bodies of the former system's clients.
    #[test]
    fn strings_and_integers_are_taken() {
        for (body, user, items, total) in [
            (
                r#"{"user_id": "user-1", "item_ids": ["sku-1", "sku-2"], "total_amount": 99.99}"#,
                "user-1",
                ["sku-1", "sku-2"],
                "99.99",
            ),
            (r#"{"user_id": 42, "item_ids": [7, 8], "total_amount": 250}"#, "42", ["7", "8"], "250"),
        ] {
            let PlaceOrder { content: order, .. } = PlaceOrder::from_json(body.as_bytes()).unwrap();
            assert_eq!(order.user_id.as_str(), user);
            assert_eq!(order.item_ids.as_slice().iter().map(ItemId::as_str).collect::<Vec<_>>(), items);
            assert_eq!(order.total_amount.to_string(), total);
        }
    }

    #[test]
    fn every_wrong_field_is_named() {
        let amount =
            |amount: &str| format!(r#"{{"user_id": "a", "item_ids": ["b"], "total_amount": {amount}}}"#);
        for wrong in ["-1", "0.00001", "1e400", "\"5\"", "null", "true", "[]", "NaN", "-Infinity", "\"NaN\""]
        {
            assert_eq!(refused(&amount(wrong)), (422, vec!["total_amount".to_owned()]), "{wrong}");
        }
        let many = format!("[{}]", vec!["1"; 1_001].join(","));
        for (items, named) in [
            ("[]", "item_ids"),
            ("null", "item_ids"),
            ("{}", "item_ids"),
            ("\"sku\"", "item_ids"),
            (many.as_str(), "item_ids"),
            ("[1, null]", "item_ids[1]"),
            ("[\"\"]", "item_ids[0]"),
            ("[\"a\\u0007\"]", "item_ids[0]"),
            ("[1.5]", "item_ids[0]"),
        ] {
            let body = format!(r#"{{"user_id": "a", "item_ids": {items}, "total_amount": 1}}"#);
            assert_eq!(refused(&body), (422, vec![named.to_owned()]), "{items}");
        }
        for url in ["null", "7", "\"\"", "\"ftp://example.com\"", "\"https://a:b@example.com\""] {
            let body =
                format!(r#"{{"user_id": "a", "item_ids": ["b"], "total_amount": 1, "callback_url": {url}}}"#);
            assert_eq!(refused(&body), (422, vec!["callback_url".to_owned()]), "{url}");
        }
        assert_eq!(refused("{}").1, ["user_id", "item_ids", "total_amount"]);
        assert_eq!(refused(r#"{"user_id": null, "item_ids": [true], "total_amount": "x"}"#).1.len(), 3);
        assert_eq!(refused(r#"{"user": 1}"#), (422, vec!["user".to_owned()]));
        for body in ["[]", r#"["a", ["b"], 1]"#, "7", "null"] {
            assert_eq!(refused(body), (422, vec!["body".to_owned()]), "{body}");
        }
        assert_eq!(refused("{"), (400, vec![]));
        assert_eq!(
            refused(&format!(
                r#"{{"user_id": 1, "item_ids": [{}1.5], "total_amount": 1}}"#,
                "1.5,".repeat(500)
            ))
            .1
            .len(),
            MOST_ERRORS
        );
    }

    #[test]
    fn a_batch_is_judged_order_by_order() {
        let good = r#"{"user_id": 1, "item_ids": [2], "total_amount": 3}"#;
        let body = format!(r#"{{"orders": [{good}, {{}}, 7, {good}]}}"#);
        let PlaceOrders(orders) = PlaceOrders::from_json(body.as_bytes()).unwrap();
        assert_eq!(orders.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false, true]);
        for body in [r#"{"orders": []}"#.to_owned(), format!(r#"{{"orders": [{}1]}}"#, "1,".repeat(1_000))] {
            let problem = PlaceOrders::from_json(body.as_bytes()).unwrap_err();
            assert_eq!((problem.status.as_u16(), problem.errors[0].field.as_str()), (422, "orders"));
        }
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = PlaceOrder::from_json(&body);
            let _ = PlaceOrders::from_json(&body);
        }

        #[test]
        fn a_valid_order_comes_through_as_it_is(user in "[a-z0-9é-]{1,40}", items in proptest::collection::vec("[^\\p{Cc}]{1,20}", 1..20), amount in 0..=i64::MAX) {
            let money = Money::from_ten_thousandths(amount).unwrap();
            let body = format!(
                r#"{{"total_amount": {money}, "item_ids": {}, "user_id": {}}}"#,
                serde_json::to_string(&items).unwrap(),
                serde_json::to_string(&user).unwrap(),
            );
            let PlaceOrder { content: order, .. } = PlaceOrder::from_json(body.as_bytes()).unwrap();
            prop_assert_eq!(order.total_amount, money);
            prop_assert_eq!(order.user_id.as_str(), user);
            let taken: Vec<&str> = order.item_ids.as_slice().iter().map(ItemId::as_str).collect();
            prop_assert_eq!(taken, items);
        }
    }
}
