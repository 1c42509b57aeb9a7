//! The command line.

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(version, about, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run everything here: a private Redis and the three services, with their data in ./data
    ///
    /// Settings come from ORDERFLOW_ variables and a .env file. ORDERFLOW_REDIS__URL names a Redis to use
    /// instead of a private one. ORDERFLOW_HTTP__LISTEN is order-api's address; metrics-service and
    /// order-processor take the next two ports. Ctrl-C stops everything.
    Up,
    /// Ends what `up` started, should `up` itself be killed; `up` starts this
    #[command(hide = true)]
    Guard,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
        assert!(matches!(Cli::parse_from(["orderctl", "up"]).command, Command::Up));
    }
}
