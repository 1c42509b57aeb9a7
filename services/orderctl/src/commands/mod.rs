//! The commands, a file for each: what it takes, what it asks, what it says.

mod audit;
mod backup;
mod cancel;
mod completions;
mod confirm;
mod dead;
mod get;
mod list;
mod many;
mod place;
mod populate;
mod program;
mod queue;
mod retry;
mod top;
mod watch;

use std::process::ExitCode;

use clap::Subcommand;
use runtime::clock::Clock;

use crate::{
    cli::Global,
    client::Client,
    exit::Failure,
    output::{Out, note, safe_lines},
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Place(place::Place),
    Get(get::Get),
    Watch(watch::Watch),
    List(list::List),
    Cancel(cancel::Cancel),
    Retry(retry::Retry),
    Queue(queue::Queue),
    Top(top::Top),
    Dead(dead::Dead),
    Populate(populate::Populate),
    Audit(audit::Audit),
    Backup(backup::Backup),
    Completions(completions::Completions),
}

/// What a command works with.
pub(crate) struct Context {
    client: Client,
    out: Out,
    clock: Clock,
}

pub(crate) fn run(command: Command, global: &Global) -> ExitCode {
    let Err(failure) = try_run(command, global) else { return ExitCode::SUCCESS };
    let message = failure.to_string();
    if !message.is_empty() {
        note(&format!("orderctl: {}", safe_lines(&message)));
    }
    failure.code()
}

fn try_run(command: Command, global: &Global) -> Result<(), Failure> {
    let out = Out::open(global.json);
    match command {
        Command::Completions(completions) => return completions.run(),
        Command::Backup(backup) => return backup.run(out),
        _ => {}
    }
    let context = Context { client: Client::new(global)?, out, clock: Clock::system() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(speak(command, &context))
}

async fn speak(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Place(place) => place.run(context).await,
        Command::Get(get) => get.run(context).await,
        Command::Watch(watch) => watch.run(context).await,
        Command::List(list) => list.run(context).await,
        Command::Cancel(cancel) => cancel.run(context).await,
        Command::Retry(retry) => retry.run(context).await,
        Command::Queue(queue) => queue.run(context).await,
        Command::Top(top) => top.run(context).await,
        Command::Dead(dead) => dead.run(context).await,
        Command::Populate(populate) => populate.run(context),
        Command::Audit(audit) => audit.run(context).await,
        // Need no running system, and have run by now.
        Command::Completions(_) | Command::Backup(_) => Ok(()),
    }
}
