//! `orderctl place`: an order from options, or any number of them from JSON.
//!
//! Every request has an `Idempotency-Key`, one made up if none is given: when a connection breaks nobody knows whether the order
//! was stored, and the message says with which key the command can be repeated safely.

mod read;
pub(super) mod wait;

use std::{fmt::Write, path::PathBuf};

use clap::Args;
use contract::{Money, Status};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

use self::{read::Orders, wait::Deadline};
use super::Context;
use crate::{
    client::{
        Placement, may_pass,
        model::{Order, PlaceResult},
        problem,
    },
    exit::{Exit, Failure},
    output::{bar, note, safe, words},
};

/// Most orders in one request.
const BATCH: usize = 1_000;
/// Seconds, with a bare `--wait`.
const WAIT: &str = "60";

/// Place an order, or many from JSON
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Who orders
    #[arg(long, short, requires_all = ["items", "amount"])]
    user: Option<String>,

    /// An item; give it again for each further one
    #[arg(long = "item", short, value_name = "ITEM", requires = "user")]
    items: Vec<String>,

    /// What it costs: not negative, at most 4 decimal places
    #[arg(long, short, requires = "user", allow_negative_numbers = true)]
    amount: Option<Money>,

    /// Instead: a file with an order in JSON as the API takes it, or several of them, in a list or one after the other; `-` is the
    /// standard input
    #[arg(conflicts_with_all = ["user", "items", "amount"], required_unless_present = "user")]
    file: Option<PathBuf>,

    /// Names this request, so that repeating it places nothing again: 1 to 240 visible ASCII characters
    #[arg(long, value_name = "KEY", value_parser = key)]
    idempotency_key: Option<String>,

    /// Wait until it is completed, failed or cancelled; at most so many seconds
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = WAIT)]
    wait: Option<u64>,

    /// Only the ids, one a line
    #[arg(long, short, conflicts_with = "json")]
    quiet: bool,
}

/// A little shorter than the API allows: a number is added for each request of a thousand orders.
fn key(text: &str) -> Result<String, String> {
    let fits = (1..=240).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(text.to_owned()) } else { Err("it has 1 to 240 visible ASCII characters".to_owned()) }
}

/// What became of many orders.
#[derive(Serialize)]
struct Placed {
    accepted: usize,
    refused: usize,
    results: Vec<PlaceResult>,
}

impl Place {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let key = self.idempotency_key.clone().unwrap_or_else(|| Uuid::new_v4().to_string());
        match self.orders()? {
            Orders::One(order) => self.one(context, &order, &key).await,
            Orders::Many(orders) => self.many(context, &orders, &key).await,
        }
    }

    fn orders(&self) -> Result<Orders, Failure> {
        #[derive(Serialize)]
        struct Body<'a> {
            user_id: &'a str,
            item_ids: &'a [String],
            total_amount: Money,
        }
        if let (Some(user), Some(amount)) = (&self.user, self.amount) {
            let body = Body { user_id: user, item_ids: &self.items, total_amount: amount };
            let body = to_raw_value(&body).map_err(|error| Failure::failed(error.to_string()))?;
            return Ok(Orders::One(body));
        }
        let file = self
            .file
            .as_deref()
            .ok_or_else(|| Failure::usage("name a file, or --user, --item and --amount"))?;
        read::orders(file)
    }

    async fn one(&self, context: &Context, order: &RawValue, key: &str) -> Result<(), Failure> {
        let out = context.out;
        let placed = context.client.place(order, key).await;
        let Placement { mut order, replayed } = placed.map_err(|failure| repeatable(failure, key, 0))?;
        if replayed {
            note("an earlier request with this key and body had placed it: nothing was placed now");
        }
        if self.quiet {
            out.line(&safe(&order.order_id))?;
        } else if !out.json {
            out.line(&sentence(&order))?;
        }
        let mut end = None;
        if let Some(seconds) = self.wait {
            let deadline = Deadline::after(seconds);
            order = wait::until_final(&context.client, order, deadline).await?;
            end = wait::exit(order.status);
            if !self.quiet && !out.json {
                out.line(&wait::sentence(&order, seconds))?;
            }
        }
        if out.json {
            out.document(&order)?;
        }
        end.map_or(Ok(()), |exit| Err(Failure::Silent(exit)))
    }

    async fn many(&self, context: &Context, orders: &[Box<RawValue>], key: &str) -> Result<(), Failure> {
        let out = context.out;
        let mut results = place_all(context, orders, key).await?;
        let refused = results.iter().filter(|result| result.order.is_none()).count();
        let accepted = results.len() - refused;
        for result in &results {
            if let Some(problem) = &result.problem {
                note(&format!(
                    "orderctl: order {} is refused: {}",
                    result.index,
                    safe(&problem::sentence(problem))
                ));
            }
        }
        if self.quiet {
            placed(&results).try_for_each(|order| out.line(&safe(&order.order_id)))?;
        }
        let mut end = (refused > 0).then_some(Exit::Refused);
        if let Some(seconds) = self.wait {
            let deadline = Deadline::after(seconds);
            let progress = bar("orders final", accepted as u64);
            for result in &mut results {
                if let Some(order) = result.order.take() {
                    let order = wait::until_final(&context.client, order, deadline).await?;
                    end = end.or(wait::exit(order.status));
                    result.order = Some(order);
                    progress.inc(1);
                }
            }
            progress.finish_and_clear();
        }
        if out.json {
            out.document(&Placed { accepted, refused, results })?;
        } else if !self.quiet {
            out.line(&summary(&results, accepted, refused, self.wait.is_some()))?;
        }
        end.map_or(Ok(()), |exit| Err(Failure::Silent(exit)))
    }
}

async fn place_all(
    context: &Context,
    orders: &[Box<RawValue>],
    key: &str,
) -> Result<Vec<PlaceResult>, Failure> {
    let progress = bar("orders", orders.len() as u64);
    let mut results: Vec<PlaceResult> = Vec::with_capacity(orders.len());
    for (number, batch) in orders.chunks(BATCH).enumerate() {
        // Orders that don't fit into one request are several, and a key belongs to one.
        let key_of_batch = if orders.len() > BATCH { format!("{key}/{number}") } else { key.to_owned() };
        let before = results.len();
        let answer = context.client.place_many(batch, &key_of_batch).await;
        let answer = answer.map_err(|failure| repeatable(failure, key, before))?;
        results.extend(
            answer
                .results
                .into_iter()
                .map(|result| PlaceResult { index: result.index + before as u64, ..result }),
        );
        progress.set_position(results.len() as u64);
    }
    progress.finish_and_clear();
    Ok(results)
}

/// How to go on after a failure that may have stored something, or did before it.
fn repeatable(failure: Failure, key: &str, before: usize) -> Failure {
    let Failure::Said { exit, message } = failure else { return failure };
    let failure = Failure::new(exit, message);
    if !may_pass(&failure) && before == 0 {
        return failure;
    }
    let before =
        if before == 0 { String::new() } else { format!("{before} orders were placed before that. ") };
    Failure::new(
        exit,
        format!(
            "{failure}\n{before}With --idempotency-key {key} the same command can be repeated, and nothing is placed twice."
        ),
    )
}

fn placed(results: &[PlaceResult]) -> impl Iterator<Item = &Order> {
    results.iter().filter_map(|result| result.order.as_ref())
}

fn sentence(order: &Order) -> String {
    let items = order.item_ids.len();
    format!(
        "placed {}: {items} {} for {}, {}",
        safe(&order.order_id),
        if items == 1 { "item" } else { "items" },
        safe(&order.user_id),
        words::money(order.total_amount)
    )
}

fn summary(results: &[PlaceResult], accepted: usize, refused: usize, waited: bool) -> String {
    let mut summary = format!("{} placed", words::orders(accepted as u64));
    if refused > 0 {
        // Writing to a String does not fail.
        let _ = write!(summary, ", {refused} refused");
    }
    if waited {
        for status in Status::ALL {
            let number = placed(results).filter(|order| order.status == status).count();
            if number > 0 {
                let _ = write!(summary, "; {number} {status}");
            }
        }
    }
    summary
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_been_stored_can_be_repeated_by_its_key() {
        let lost = || Failure::new(Exit::Unavailable, "the connection broke");
        assert_eq!(
            repeatable(lost(), "k-1", 0).to_string(),
            "the connection broke\nWith --idempotency-key k-1 the same command can be repeated, and nothing is placed twice."
        );
        assert!(
            repeatable(lost(), "k-1", 1_000)
                .to_string()
                .contains("\n1000 orders were placed before that. With")
        );
        let refused = Failure::new(Exit::Refused, "not valid");
        assert_eq!(repeatable(refused, "k-1", 0).to_string(), "not valid");
    }

    #[test]
    fn a_key_is_visible_and_leaves_room_for_a_number() {
        assert!(key("basket-17").is_ok() && key(&"x".repeat(240)).is_ok());
        assert!(
            key("").is_err() && key("a b").is_err() && key("é").is_err() && key(&"x".repeat(241)).is_err()
        );
    }
}
