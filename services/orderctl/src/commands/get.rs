//! `orderctl get`: orders as they stand.

use clap::Args;

use super::{Context, list, many};
use crate::{
    client::model::Order,
    exit::Failure,
    output::{Out, Style, safe, style, words},
};

/// Show an order, or several
#[derive(Debug, Args)]
pub(crate) struct Get {
    /// Ids of orders; `-` reads them from the standard input
    #[arg(required = true, value_name = "ORDER_ID")]
    ids: Vec<String>,
}

impl Get {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let ids = many::ids(&self.ids)?;
        if !many::is_one(&self.ids) {
            let get = async |id: &str| context.client.get(id).await;
            return many::each(context, &ids, get, |orders| Ok(context.out.table(&list::table(orders))?))
                .await;
        }
        show(context.out, &context.client.get(&ids[0]).await?)
    }
}

/// One order, a line for each thing to know about it.
pub(super) fn show(out: Out, order: &Order) -> Result<(), Failure> {
    if out.json {
        return Ok(out.document(order)?);
    }
    Ok(out.line(lines(out, order).trim_end())?)
}

fn lines(out: Out, order: &Order) -> String {
    let status = out.paint(style::of_status(order.status), order.status.as_str());
    let items: Vec<_> = order.item_ids.iter().map(|item| safe(item)).collect();
    let mut lines = vec![
        ("order", safe(&order.order_id).into_owned()),
        ("status", status),
        ("user", safe(&order.user_id).into_owned()),
        ("items", items.join(", ")),
        ("amount", words::money(order.total_amount)),
        ("placed", format!("{} UTC", words::date_time(order.created_at))),
        ("changed", format!("{} UTC", words::date_time(order.updated_at))),
    ];
    if let Some(completed) = order.completed_at {
        let after = words::duration(completed.since(order.created_at));
        lines
            .push(("completed", format!("{} UTC, {after} after it was placed", words::date_time(completed))));
    }
    lines.push(("attempts", order.attempts.to_string()));
    if let Some(reason) = &order.failure_reason {
        lines.push(("reason", format!("{} ({})", safe(&reason.message), safe(&reason.code))));
    }
    let line = |(name, value): (&str, String)| {
        [out.paint(Style::Faint, &format!("{name:<9}")), "  ".to_owned(), value, "\n".to_owned()]
    };
    lines.into_iter().flat_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_there_and_nothing_acts() {
        let order: Order = serde_json::from_str(
            &serde_json::json!({
            "order_id": "ORD-1", "status": "failed", "user_id": "a\u{1b}[2J", "item_ids": ["x", "y\u{202e}"],
            "created_at": "2026-01-31T09:30:00Z", "updated_at": "2026-01-31T09:30:02Z", "completed_at": null,
            "total_amount": 0, "attempts": 2,
            "failure_reason": {"code": "payment_refused", "message": "no\u{7}"}
        }).to_string(),
        )
        .unwrap();
        let plain = Out { json: false, terminal: false, coloured: false };
        let expected = "\
order      ORD-1
status     failed
user       a\\u{1b}[2J
items      x, y\\u{202e}
amount     0.00
placed     2026-01-31 09:30:00 UTC
changed    2026-01-31 09:30:02 UTC
attempts   2
reason     no\\u{7} (payment_refused)
";
        assert_eq!(lines(plain, &order), expected);
    }
}
