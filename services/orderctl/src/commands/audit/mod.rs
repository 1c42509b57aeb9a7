//! `orderctl audit`: is every order accounted for? Three that don't know each other are compared: the orders in order-api's
//! database, one by one; what metrics-service has counted from the events; and the messages in the queue.
//!
//! Nothing is stopped for it. While orders come and go the three can't be read at one moment, so that then only what must hold at
//! any moment is asked for; when nothing moves, every number has to be the same.

mod account;

use std::time::Duration;

use clap::Args;
use contract::{Status, StatusCounts};

use self::account::{Account, Finding};
use super::Context;
use crate::{
    client::{Filter, LARGEST_PAGE, model::Order},
    exit::{Exit, Failure},
    output::{Cell, Column, Out, Style, Table, spinner, style, words},
};

/// Numbers follow the orders by a fraction of a second: so often they are read again before something is found wrong.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(200);
/// Most stuck orders that are named.
const MOST_STUCK: usize = 20;

/// Check that every order is accounted for, and say what is stuck
///
/// Reads every order from order-api (a hundred a request), and compares with what metrics-service has counted and what is in the
/// queue. Exit status 10 when something does not add up.
#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// An order that is not final counts as stuck when nothing has happened to it for so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    stuck_after: u64,

    /// Final orders are deleted after a while here (retention.final_order_days): metrics-service may know of more
    #[arg(long)]
    retention: bool,
}

/// The orders, one by one.
#[derive(Default)]
struct Walk {
    counts: StatusCounts,
    /// Those that are not final, the oldest of them.
    unfinished: Vec<Order>,
}

impl Audit {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let before = context.client.stats().await?;
        let walk = walk(context).await?;
        let mut tries = 0;
        let account = loop {
            let (stats, queue) = (context.client.stats().await?, context.client.queue().await?);
            let account = Account::of(walk.counts, &before, &stats, &queue, self.retention);
            tries += 1;
            if !account.may_pass() || tries == TRIES {
                break self.with_stuck(context, account, walk.unfinished).await?;
            }
            tokio::time::sleep(PAUSE).await;
        };
        show(context.out, &account)?;
        if account.accounted_for { Ok(()) } else { Err(Failure::Silent(Exit::Unaccounted)) }
    }

    /// Looks again at the oldest orders that were not final: most of them are by now.
    async fn with_stuck(
        &self,
        context: &Context,
        mut account: Account,
        unfinished: Vec<Order>,
    ) -> Result<Account, Failure> {
        let (now, limit) = (context.clock.now(), Duration::from_secs(self.stuck_after));
        for order in unfinished {
            if now.since(order.updated_at) < limit {
                continue;
            }
            let order = context.client.get(&order.order_id).await?;
            if !order.status.is_final() && now.since(order.updated_at) >= limit {
                account.stuck.push(order);
            }
        }
        if !account.stuck.is_empty() {
            let number = account.stuck.len();
            let at_least = if number == MOST_STUCK { "at least " } else { "" };
            let message = format!(
                "nothing has happened for {} to {at_least}{}",
                words::duration(limit),
                words::orders(number as u64)
            );
            account.findings.push(Finding { code: "stuck", message });
            account.accounted_for = false;
        }
        Ok(account)
    }
}

/// Newest first: what is placed meanwhile is before the first page, and so no order is counted twice.
async fn walk(context: &Context) -> Result<Walk, Failure> {
    let progress = spinner("orders read:");
    let (mut walk, mut cursor) = (Walk::default(), None::<String>);
    loop {
        let page = context.client.page(&Filter::default(), LARGEST_PAGE, cursor.as_deref()).await?;
        for order in page.orders {
            *walk.counts.of_mut(order.status) += 1;
            if !order.status.is_final() {
                walk.unfinished.push(order);
            }
        }
        // The last are the oldest.
        let surplus = walk.unfinished.len().saturating_sub(MOST_STUCK);
        walk.unfinished.drain(..surplus);
        progress.set_position(walk.counts.total());
        cursor = page.next_cursor;
        if cursor.is_none() {
            progress.finish_and_clear();
            return Ok(walk);
        }
    }
}

fn show(out: Out, account: &Account) -> Result<(), Failure> {
    if out.json {
        return Ok(out.document(account)?);
    }
    let mut table =
        Table::new([Column::left(""), Column::right("ORDER-API"), Column::right("METRICS-SERVICE")]);
    for status in Status::ALL {
        table.row([
            Cell::styled(status.as_str(), style::of_status(status)),
            Cell::new(words::count(account.order_status_counts.of(status))),
            Cell::new(words::count(account.metrics_service.order_status_counts.of(status))),
        ]);
    }
    let all = [account.orders, account.metrics_service.orders]
        .map(|orders| Cell::styled(words::count(orders), Style::Strong));
    table.row([Cell::styled("all", Style::Strong)].into_iter().chain(all));
    out.table(&table)?;
    let queue = &account.queue;
    out.line(&format!(
        "\nthe queue: {} waiting, {} in progress, {} delayed, {} unpublished, {} dead",
        words::count(queue.waiting),
        words::count(queue.in_progress),
        words::count(queue.delayed),
        words::count(queue.unpublished),
        words::count(queue.dead)
    ))?;
    if !account.quiet {
        out.line("orders came or were on their way meanwhile: not every number can be compared then")?;
    }
    for finding in &account.findings {
        out.line(&out.paint(Style::Bad, &format!("✗ {}", finding.message)))?;
    }
    for order in &account.stuck {
        out.line(&format!(
            "  {}  {} since {} UTC",
            order.order_id,
            order.status,
            words::date_time(order.updated_at)
        ))?;
    }
    if account.accounted_for {
        out.line(&out.paint(Style::Good, "✓ every order is accounted for"))?;
    }
    Ok(())
}
