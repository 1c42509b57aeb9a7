//! Commands that do the same to each of several orders: ids from the command line or, with `-`, from the standard input.

use std::io::{self, BufRead};

use futures_util::{StreamExt, stream};
use serde::Serialize;

use super::Context;
use crate::{
    client::model::Order,
    exit::Failure,
    output::{note, safe, safe_lines},
};

/// Requests under way at once.
const AT_ONCE: usize = 8;

/// The ids that the arguments name. Of a line that is read the first word counts, so that a list can be piped in; an empty list
/// is one, too.
pub(super) fn ids(arguments: &[String]) -> Result<Vec<String>, Failure> {
    let mut ids = Vec::new();
    for argument in arguments {
        if argument == "-" {
            for line in io::stdin().lock().lines() {
                ids.extend(line?.split_whitespace().next().map(str::to_owned));
            }
        } else {
            ids.push(argument.clone());
        }
    }
    if ids.is_empty() {
        note("no id was read: there is nothing to do");
    }
    Ok(ids)
}

/// Whether the arguments can only name one.
pub(super) fn is_one(arguments: &[String]) -> bool {
    arguments.len() == 1 && arguments[0] != "-"
}

/// What became of several orders.
#[derive(Debug, Serialize)]
struct Outcome {
    orders: Vec<Order>,
    problems: Vec<Problem>,
}

#[derive(Debug, Serialize)]
struct Problem {
    order_id: String,
    message: String,
    exit_status: u8,
}

/// Does it to each. What goes wrong with one keeps no other from it; the first failure is the exit status.
pub(super) async fn each(
    context: &Context,
    ids: &[String],
    act: impl AsyncFn(&str) -> Result<Order, Failure>,
    show: impl Fn(&[Order]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (mut orders, mut problems, mut first) = (Vec::new(), Vec::new(), None);
    let act = &act;
    let mut outcomes = stream::iter(ids).map(|id| async move { (id, act(id).await) }).buffered(AT_ONCE);
    while let Some((id, outcome)) = outcomes.next().await {
        match outcome {
            Ok(order) => orders.push(order),
            Err(failure) => {
                let message = failure.to_string();
                note(&format!("orderctl: {}: {}", safe(id), safe_lines(&message)));
                let exit = failure.exit();
                first = first.or(exit);
                let exit_status = exit.map_or(0, |exit| exit as u8);
                problems.push(Problem { order_id: id.clone(), message, exit_status });
            }
        }
    }
    if context.out.json {
        context.out.document(&Outcome { orders, problems })?;
    } else {
        show(&orders)?;
    }
    first.map_or(Ok(()), |exit| Err(Failure::Silent(exit)))
}
