//! `orderctl retry`: failed orders begin anew. One by its id, several by theirs, or whatever failed and matches.

use clap::Args;
use contract::Timestamp;

use super::{Context, confirm::confirm, list::moment, many};
use crate::{
    client::{Retry as Which, model::RetriedOrders},
    exit::Failure,
    output::{note, safe, spinner, words},
};

/// Most that one request retries.
const AT_ONCE: u32 = 1_000;

/// Retry a failed order, several, or all that failed and match
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct Retry {
    /// Ids of orders; `-` reads them from the standard input
    #[arg(required_unless_present = "failed", conflicts_with = "failed", value_name = "ORDER_ID")]
    ids: Vec<String>,

    /// The oldest orders that failed, instead of ids
    #[arg(long)]
    failed: bool,

    /// Only orders of this user
    #[arg(long, short, conflicts_with = "ids")]
    user: Option<String>,

    /// Only orders that failed with this code, such as payment_unavailable
    #[arg(long, conflicts_with = "ids")]
    code: Option<String>,

    /// Only orders placed since: 2026-01-31T09:30:00Z, or 90s, 15m, 2h, 7d for so long ago
    #[arg(long, value_name = "TIME", value_parser = moment, conflicts_with = "ids")]
    since: Option<Timestamp>,

    /// Only orders placed before
    #[arg(long, value_name = "TIME", value_parser = moment, conflicts_with = "ids")]
    before: Option<Timestamp>,

    /// Most orders to retry, 1 to 1000
    #[arg(long, short = 'n', default_value_t = 100, conflicts_with = "ids",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(AT_ONCE)))]
    limit: u32,

    /// All that match, a thousand at a time
    #[arg(long, conflicts_with_all = ["ids", "limit"])]
    all: bool,

    /// Only say which these are
    #[arg(long, conflicts_with = "ids")]
    dry_run: bool,

    /// Do it without asking
    #[arg(long, short, conflicts_with = "ids")]
    yes: bool,
}

impl Retry {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        if self.failed {
            return self.failed(context).await;
        }
        let (ids, out) = (many::ids(&self.ids)?, context.out);
        let said = |id: &str| Ok(out.line(&format!("{} is pending again", safe(id)))?);
        if many::is_one(&self.ids) {
            let order = context.client.retry(&ids[0]).await?;
            return if out.json { Ok(out.document(&order)?) } else { said(&order.order_id) };
        }
        let retry = async |id: &str| context.client.retry(id).await;
        many::each(context, &ids, retry, |orders| orders.iter().try_for_each(|order| said(&order.order_id)))
            .await
    }

    fn which(&self, dry_run: bool) -> Which {
        Which {
            user_id: self.user.clone(),
            failure_code: self.code.clone(),
            created_from: self.since,
            created_before: self.before,
            limit: if self.all { AT_ONCE } else { self.limit },
            dry_run,
        }
    }

    async fn failed(self, context: &Context) -> Result<(), Failure> {
        if self.dry_run {
            let found = context.client.retry_many(&self.which(true)).await?;
            return show(context, &found, true);
        }
        if !self.yes {
            let found = context.client.retry_many(&self.which(true)).await?;
            let more = if found.more && self.all { " and more" } else { "" };
            let these = words::orders(found.orders.len() as u64);
            confirm(&format!("{these}{more} will be processed anew. Go on?"), false)?;
        }
        let mut sum = context.client.retry_many(&self.which(false)).await?;
        let progress = spinner("orders retried:");
        let mut last = sum.retried;
        // What can't be retried now stays where it is, and would come back for ever.
        while self.all && sum.more && last > 0 {
            progress.set_position(sum.retried);
            let next = context.client.retry_many(&self.which(false)).await?;
            last = next.retried;
            sum.retried += next.retried;
            sum.matched += next.retried;
            sum.skipped = next.skipped;
            sum.more = next.more;
            sum.orders.extend(next.orders);
        }
        progress.finish_and_clear();
        show(context, &sum, false)
    }
}

fn show(context: &Context, found: &RetriedOrders, dry_run: bool) -> Result<(), Failure> {
    let out = context.out;
    if out.json {
        return Ok(out.document(found)?);
    }
    for id in &found.orders {
        out.line(&safe(id))?;
    }
    let what = if dry_run { "would be retried" } else { "pending again" };
    let mut said = format!("{} {what}", words::orders(found.orders.len() as u64));
    if found.skipped > 0 {
        let skipped = found.skipped;
        said.extend([
            "; ",
            &skipped.to_string(),
            " can't be retried now: what was done for them is being undone",
        ]);
    }
    if found.more {
        said.push_str("; more match: --all retries them too");
    }
    note(&said);
    Ok(())
}
