//! `orderctl`: Orderflow from the command line. [`up`] runs the whole system on one machine; everything else speaks to one that
//! runs, through its HTTP APIs and like any client: [`commands`] has a file for each command, [`client`] knows the APIs, and
//! [`output`] how things look. It reads no database and no Redis, and knows nothing of the services' code.

mod cli;
mod client;
mod commands;
mod exit;
mod output;
mod up;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        Command::Up => up::run(),
        Command::Guard => up::guard::run(),
        Command::Other(command) => commands::run(command, &cli.global),
    }
}
