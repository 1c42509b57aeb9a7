//! `orderctl queue`: the queue, now.

use clap::Args;

use super::Context;
use crate::{
    client::model::{self, Worker},
    exit::Failure,
    output::{Cell, Column, Out, Style, Table, safe, words},
};

/// A worker that lives asks every few seconds.
pub(super) const GONE_AFTER_SECS: f64 = 60.0;

/// Show the queue: what waits, what is in work, and who works
#[derive(Debug, Args)]
pub(crate) struct Queue {}

impl Queue {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let (queue, out) = (context.client.queue().await?, context.out);
        if out.json {
            return Ok(out.document(&queue)?);
        }
        out.line(numbers(out, &queue).trim_end())?;
        if !queue.pending_orders.is_empty() {
            out.line("\nnext in the queue")?;
            for id in &queue.pending_orders {
                out.line(&format!("  {}", safe(id)))?;
            }
        }
        out.line("")?;
        Ok(out.table(&workers(&queue.workers))?)
    }
}

fn numbers(out: Out, queue: &model::Queue) -> String {
    let about = if queue.queue_length_exact { "" } else { " at most (Redis lost count)" };
    let oldest =
        queue.oldest_waiting_seconds.map(|seconds| format!(", the oldest for {}", words::seconds(seconds)));
    let waiting = format!("{}{about}{}", words::count(queue.queue_length), oldest.unwrap_or_default());
    let dead = match queue.dead {
        0 => "0".to_owned(),
        dead => out.paint(Style::Bad, &format!("{} (orderctl dead list)", words::count(dead))),
    };
    [
        ("waiting", waiting),
        ("in progress", words::count(queue.in_progress)),
        ("delayed", words::count(queue.delayed)),
        ("unpublished", words::count(queue.unpublished)),
        ("dead", dead),
        ("processed", words::count(queue.total_processed)),
    ]
    .map(|(name, value)| format!("{}  {value}\n", out.paint(Style::Faint, &format!("{name:<11}"))))
    .concat()
}

pub(super) fn workers(workers: &[Worker]) -> Table {
    let mut table =
        Table::new([Column::left("WORKER"), Column::right("IN PROGRESS"), Column::left("LAST SEEN")]);
    for worker in workers {
        let seen = format!("{} ago", words::seconds(worker.idle_seconds));
        let seen = if worker.idle_seconds > GONE_AFTER_SECS {
            Cell::styled(seen, Style::Bad)
        } else {
            Cell::new(seen)
        };
        table.row([Cell::new(&worker.name), Cell::new(words::count(worker.in_progress)), seen]);
    }
    table
}
