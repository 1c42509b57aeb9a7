//! `bench`: how fast Orderflow is on this machine, beside what this machine can do at all.
//!
//! It runs the real programs that lie beside its own executable, with a redis-server and data of their own for each
//! measurement, under load from this machine. Next to each measurement runs its limit: the same without what Orderflow
//! adds (a bare echo of the same body, the database or Redis alone). Figures of a machine say little; their ratio to the
//! limits of the same minutes says how much the system costs. docs/PERFORMANCE.md says what each row means.
//!
//! From the top down: [`run`] does round after round of all [`measure`]ments; [`load`] is what they send, [`host`] how they
//! start programs and look at them, [`limits`] and [`servers`] what they are compared with, [`peers`] what a user would pick
//! instead, [`report`] what comes out.

mod cli;
mod figures;
mod host;
mod limits;
mod load;
mod measure;
mod peers;
mod report;
mod run;
mod servers;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

#[tokio::main]
async fn main() -> ExitCode {
    let Cli { settings, command } = Cli::parse();
    let done = match command {
        Some(Command::Serve(server)) => servers::serve(server).await,
        None => run::until_stopped(settings).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
