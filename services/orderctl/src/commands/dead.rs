//! `orderctl dead`: messages that no worker could make anything of are looked at, sent again, or deleted.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::{Context, confirm::confirm, many};
use crate::{
    client::{
        LARGEST_PAGE,
        model::{DeadLetter, RedriveResult, RedriveResults},
    },
    exit::{Exit, Failure},
    output::{Cell, Column, Style, Table, bar, note, safe, safe_lines, words},
};

/// Look after dead letters: messages that no worker could make anything of
#[derive(Debug, Args)]
pub(crate) struct Dead {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List them, oldest first
    List {
        /// Most to list
        #[arg(long, short = 'n', default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
        limit: u64,

        /// All there are
        #[arg(long, conflicts_with = "limit")]
        all: bool,
    },
    /// Show one: why it is dead, and the message as it came
    Show {
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Send them to the workers again
    Redrive(These),
    /// Delete them for good; their orders stay as they are
    Delete(These),
}

#[derive(Debug, Args)]
struct These {
    /// Ids of dead letters; `-` reads them from the standard input
    #[arg(required_unless_present = "all", conflicts_with = "all", value_name = "ID")]
    ids: Vec<String>,

    /// All there are
    #[arg(long)]
    all: bool,

    /// Do it without asking
    #[arg(long, short)]
    yes: bool,
}

#[derive(Serialize)]
struct Listed {
    dead_letters: Vec<DeadLetter>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct Deleted {
    deleted: Vec<String>,
    not_found: Vec<String>,
}

impl Dead {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self.what {
            What::List { limit, all } => list(context, if all { u64::MAX } else { limit }).await,
            What::Show { id } => show(context, &context.client.dead_letter(&id).await?),
            What::Redrive(these) => redrive(context, these).await,
            What::Delete(these) => delete(context, these).await,
        }
    }
}

async fn read(context: &Context, most: u64) -> Result<Listed, Failure> {
    let mut found = Listed { dead_letters: Vec::new(), next_cursor: None };
    loop {
        let left = most - found.dead_letters.len() as u64;
        let page = context.client.dead_letters(left.min(LARGEST_PAGE), found.next_cursor.as_deref()).await?;
        found.dead_letters.extend(page.dead_letters);
        found.next_cursor = page.next_cursor;
        if found.next_cursor.is_none() || found.dead_letters.len() as u64 >= most {
            return Ok(found);
        }
    }
}

async fn list(context: &Context, most: u64) -> Result<(), Failure> {
    let (found, out) = (read(context, most).await?, context.out);
    if out.json {
        return Ok(out.document(&found)?);
    }
    if found.dead_letters.is_empty() {
        note("there are no dead letters");
        return Ok(());
    }
    let mut table = Table::new([
        Column::left("ID"),
        Column::left("DEAD SINCE (UTC)"),
        Column::left("ORDER"),
        Column::left("REASON"),
    ]);
    for letter in &found.dead_letters {
        table.row([
            Cell::new(&letter.id),
            Cell::new(words::date_time(letter.died_at)),
            Cell::new(letter.order_id.as_deref().unwrap_or("-")),
            Cell::new(&letter.reason),
        ]);
    }
    out.table(&table)?;
    if found.next_cursor.is_some() && out.terminal {
        note("there are more: --all lists them");
    }
    Ok(())
}

fn show(context: &Context, letter: &DeadLetter) -> Result<(), Failure> {
    let out = context.out;
    if out.json {
        return Ok(out.document(letter)?);
    }
    let line = |name: &str, value: &str| {
        out.line(&format!("{}  {}", out.paint(Style::Faint, &format!("{name:<10}")), safe(value)))
    };
    line("id", &letter.id)?;
    line("dead since", &format!("{} UTC", words::date_time(letter.died_at)))?;
    line("reason", &letter.reason)?;
    line("order", letter.order_id.as_deref().unwrap_or("-"))?;
    line("was entry", letter.entry_id.as_deref().unwrap_or("-"))?;
    out.line("\nthe message as it came")?;
    for field in &letter.fields {
        out.line(&format!("  {}: {}", safe(&field.name), safe(&field.value)))?;
    }
    Ok(())
}

async fn redrive(context: &Context, these: These) -> Result<(), Failure> {
    let results = if these.all {
        let found = context.client.redrive_all(true).await?;
        let number = found.results.iter().filter(|result| result.outcome == "redrivable").count();
        let more = if found.more { " and more" } else { "" };
        confirm(
            &format!("{number} dead letters{more} will be sent to the workers again. Go on?"),
            these.yes,
        )?;
        redrive_all(context).await?
    } else {
        let ids = many::ids(&these.ids)?;
        if !ids.is_empty() {
            let question = format!("{} dead letters will be sent to the workers again. Go on?", ids.len());
            confirm(&question, these.yes)?;
        }
        if let [id] = ids.as_slice() {
            // By itself, so that the refusal is one.
            vec![context.client.redrive(id).await?]
        } else {
            redrive_each(context, &ids).await?
        }
    };
    let redriven = results.iter().filter(|result| result.outcome == "redriven").count() as u64;
    let out = context.out;
    if out.json {
        out.document(&RedriveResults { dry_run: false, redriven, results, more: false })?;
        return Ok(());
    }
    for result in &results {
        let outcome = match result.outcome.as_str() {
            "redriven" => "sent again",
            "not_found" => "there is no such dead letter",
            "order_has_message" => "stays: its order has another message by now",
            "nothing_to_send" => "stays: it has no fields",
            other => other,
        };
        out.line(&format!("{}  {}", safe(&result.id), safe(outcome)))?;
    }
    note(&format!("{} sent again", words::count(redriven)));
    Ok(())
}

/// A thousand at a time, as long as that does something: what can't be sent stays dead.
async fn redrive_all(context: &Context) -> Result<Vec<RedriveResult>, Failure> {
    let mut results: Vec<RedriveResult> = Vec::new();
    loop {
        let next = context.client.redrive_all(false).await?;
        results.retain(|result| result.outcome == "redriven");
        results.extend(next.results);
        if !next.more || next.redriven == 0 {
            return Ok(results);
        }
    }
}

async fn redrive_each(context: &Context, ids: &[String]) -> Result<Vec<RedriveResult>, Failure> {
    let progress = bar("dead letters", ids.len() as u64);
    let mut results = Vec::new();
    for id in ids {
        let outcome = match context.client.redrive(id).await {
            Ok(result) => result.outcome,
            Err(failure) if failure.exit() == Some(Exit::NotFound) => "not_found".to_owned(),
            Err(failure) if failure.exit() == Some(Exit::Conflict) => "order_has_message".to_owned(),
            Err(failure) => return Err(failure),
        };
        results.push(RedriveResult { id: id.clone(), outcome });
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(results)
}

async fn delete(context: &Context, these: These) -> Result<(), Failure> {
    let ids = if these.all {
        read(context, u64::MAX).await?.dead_letters.into_iter().map(|letter| letter.id).collect()
    } else {
        many::ids(&these.ids)?
    };
    let out = context.out;
    if !ids.is_empty() {
        confirm(&format!("{} dead letters will be deleted for good. Go on?", ids.len()), these.yes)?;
    }
    let progress = bar("dead letters", ids.len() as u64);
    let (mut deleted, mut not_found) = (Vec::new(), Vec::new());
    for id in ids {
        match context.client.delete_dead_letter(&id).await {
            Ok(()) => deleted.push(id),
            // With --all somebody was faster: that is as good.
            Err(failure) if failure.exit() == Some(Exit::NotFound) => {
                if !these.all {
                    note(&format!("orderctl: {}: {}", safe(&id), safe_lines(&failure.to_string())));
                }
                not_found.push(id);
            }
            Err(failure) => return Err(failure),
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    let missed = !not_found.is_empty() && !these.all;
    if out.json {
        out.document(&Deleted { deleted, not_found })?;
    } else {
        deleted.iter().try_for_each(|id| out.line(&format!("deleted {}", safe(id))))?;
    }
    if missed { Err(Failure::Silent(Exit::NotFound)) } else { Ok(()) }
}
