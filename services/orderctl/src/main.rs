//! `orderctl`: Orderflow from the command line. Today it runs the whole system on one machine; commands that
//! speak to a running one have their place in [`cli`].

mod cli;
mod up;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Up => up::run(),
        Command::Guard => up::guard::run(),
    }
}
