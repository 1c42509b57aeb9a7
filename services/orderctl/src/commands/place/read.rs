//! Orders in a file. Each is passed on as it stands there, to the last digit of its amount: what is valid, order-api says.

use std::{
    fs,
    io::{self, IsTerminal, Read},
    path::Path,
};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{exit::Failure, output::note};

#[derive(Debug)]
pub(super) enum Orders {
    One(Box<RawValue>),
    Many(Vec<Box<RawValue>>),
}

pub(super) fn orders(file: &Path) -> Result<Orders, Failure> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        if io::stdin().is_terminal() {
            note("reading orders in JSON from the terminal; Ctrl-D ends them");
        }
        io::stdin().lock().read_to_string(&mut text).map(drop)
    } else {
        fs::read_to_string(file).map(|read| text = read)
    };
    read.map_err(|error| Failure::usage(format!("can't read {}: {error}", file.display())))?;
    parse(&text).map_err(|why| Failure::usage(format!("{}: {why}", file.display())))
}

/// A list, `{"orders": […]}`, or one order after the other.
fn parse(text: &str) -> Result<Orders, String> {
    #[derive(Deserialize)]
    struct Batch {
        orders: Vec<Box<RawValue>>,
    }
    let mut orders = Vec::new();
    let mut alone = true;
    for value in serde_json::Deserializer::from_str(text).into_iter::<Box<RawValue>>() {
        let value = value.map_err(|error| format!("no JSON: {error}"))?;
        let inside = if value.get().starts_with('[') {
            serde_json::from_str::<Vec<Box<RawValue>>>(value.get()).ok()
        } else {
            serde_json::from_str::<Batch>(value.get()).ok().map(|batch| batch.orders)
        };
        alone &= inside.is_none();
        match inside {
            Some(inside) => orders.extend(inside),
            None => orders.push(value),
        }
    }
    match orders.len() {
        0 => Err("there is no order in it".to_owned()),
        1 if alone => Ok(Orders::One(orders.remove(0))),
        _ => Ok(Orders::Many(orders)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(json: &str) -> Vec<String> {
        match parse(json).unwrap() {
            Orders::One(order) => vec![order.get().to_owned()],
            Orders::Many(orders) => orders.iter().map(|order| order.get().to_owned()).collect(),
        }
    }

    #[test]
    fn one_order_many_and_lines_of_them() {
        assert!(matches!(parse(r#" {"user_id": 1} "#), Ok(Orders::One(_))));
        assert!(matches!(parse(r#"[{"user_id": 1}]"#), Ok(Orders::Many(_))));
        for json in [r#"[{"a":1},{"a":2}]"#, r#"{"orders": [{"a":1},{"a":2}]}"#, "{\"a\":1}\n{\"a\":2}\n"] {
            assert_eq!(texts(json), [r#"{"a":1}"#, r#"{"a":2}"#], "{json}");
        }
    }

    #[test]
    fn amounts_keep_every_digit() {
        let order = r#"{"total_amount": 922337203685477.5807}"#;
        assert_eq!(texts(order), [order]);
    }

    #[test]
    fn no_order_is_said() {
        for json in ["", "[]", " \n"] {
            assert_eq!(parse(json).unwrap_err(), "there is no order in it");
        }
        assert!(parse("{").unwrap_err().starts_with("no JSON"));
    }
}
