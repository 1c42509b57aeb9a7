//! `orderctl list`: orders, newest first, page by page, so that a million of them need no memory.

use std::io::Write;

use clap::Args;
use contract::{Status, Timestamp};
use runtime::clock::Clock;

use super::Context;
use crate::{
    client::{Filter, LARGEST_PAGE, model::Order},
    exit::Failure,
    output::{Cell, Column, Table, note, safe_json, style, words},
};

/// List orders, newest first
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only orders in this status: pending, processing, completed, failed, cancelled
    #[arg(long, short)]
    status: Option<Status>,

    /// Only orders of this user
    #[arg(long, short)]
    user: Option<String>,

    /// Only orders placed since: 2026-01-31T09:30:00Z, or 90s, 15m, 2h, 7d for so long ago
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Timestamp>,

    /// Only orders placed before
    #[arg(long, value_name = "TIME", value_parser = moment)]
    before: Option<Timestamp>,

    /// Most orders to list
    #[arg(long, short = 'n', default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,

    /// All that match
    #[arg(long, conflicts_with = "limit")]
    all: bool,

    /// Go on where an earlier list ended
    #[arg(long)]
    cursor: Option<String>,

    /// Only the ids, one a line
    #[arg(long, short, conflicts_with = "json")]
    quiet: bool,
}

/// A time in an option.
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    words::moment(text, Clock::system().now())
}

impl List {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let filter = Filter { status: self.status, user: self.user, from: self.since, before: self.before };
        let mut left = if self.all { u64::MAX } else { self.limit };
        let mut cursor = self.cursor;
        let mut writer = Writer { context, quiet: self.quiet, orders: 0 };
        writer.begin()?;
        loop {
            let page = context.client.page(&filter, left.min(LARGEST_PAGE), cursor.as_deref()).await?;
            left = left.saturating_sub(page.orders.len() as u64);
            writer.page(&page.orders)?;
            cursor = page.next_cursor;
            if cursor.is_none() || left == 0 {
                break;
            }
        }
        writer.end(cursor.as_deref())
    }
}

/// One of the three forms.
struct Writer<'a> {
    context: &'a Context,
    quiet: bool,
    orders: u64,
}

impl Writer<'_> {
    /// `{"orders": […], "next_cursor": …}`, an order a line: one document, written as it comes.
    fn begin(&self) -> Result<(), Failure> {
        if self.context.out.json {
            self.context.out.line("{\"orders\": [")?;
        }
        Ok(())
    }

    fn page(&mut self, orders: &[Order]) -> Result<(), Failure> {
        let out = self.context.out;
        let mut text = String::new();
        if out.json {
            for order in orders {
                let comma = if self.orders == 0 && text.is_empty() { "" } else { ",\n" };
                text.push_str(comma);
                text.push_str(&safe_json(serde_json::to_string(order).map_err(std::io::Error::from)?));
            }
        } else if self.quiet {
            text.extend(orders.iter().flat_map(|order| [order.order_id.as_str(), "\n"]));
        } else if !orders.is_empty() {
            out.page(&table(orders), self.orders == 0)?;
        }
        std::io::stdout().lock().write_all(text.as_bytes())?;
        self.orders += orders.len() as u64;
        Ok(())
    }

    fn end(self, next: Option<&str>) -> Result<(), Failure> {
        let out = self.context.out;
        if out.json {
            let next = serde_json::to_string(&next).map_err(std::io::Error::from)?;
            out.line(&format!("\n], \"next_cursor\": {}}}", safe_json(next)))?;
        } else if self.orders == 0 && !self.quiet {
            note("no order matches");
        } else if let Some(next) = next.filter(|_| !self.quiet && out.terminal) {
            note(&format!("there are more: --all lists them, --cursor {next} the next"));
        }
        Ok(())
    }
}

pub(super) fn table(orders: &[Order]) -> Table {
    let mut table = Table::new([
        Column::left("ORDER").at_least(40),
        Column::left("STATUS").at_least(10),
        Column::left("PLACED (UTC)").at_least(19),
        Column::right("AMOUNT").at_least(10),
        Column::right("ITEMS"),
        Column::right("ATTEMPTS"),
        Column::left("USER").at_least(8),
        Column::left("REASON"),
    ]);
    for order in orders {
        let reason = order.failure_reason.as_ref();
        table.row([
            Cell::new(&order.order_id),
            Cell::styled(order.status.as_str(), style::of_status(order.status)),
            Cell::new(words::date_time(order.created_at)),
            Cell::new(words::money(order.total_amount)),
            Cell::new(order.item_ids.len().to_string()),
            Cell::new(order.attempts.to_string()),
            Cell::new(&order.user_id),
            Cell::new(reason.map_or_else(String::new, |reason| reason.message.clone())),
        ]);
    }
    table
}
