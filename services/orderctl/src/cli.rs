//! The command line.

use clap::{Args, Parser, Subcommand};

use crate::{commands, exit};

#[derive(Debug, Parser)]
#[command(version, about, disable_help_subcommand = true, after_help = exit::HELP)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command that speaks to a running system takes. The variables don't begin with `ORDERFLOW_`: those are settings
/// of the services, which refuse one that they don't know.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of all commands")]
pub(crate) struct Global {
    /// Where order-api is; without it, where `orderctl up` serves in this folder, usually http://127.0.0.1:8000
    #[arg(long, global = true, env = "ORDERCTL_API", value_name = "URL")]
    pub(crate) api: Option<String>,

    /// Where metrics-service is; without it, one port above order-api
    #[arg(long, global = true, env = "ORDERCTL_METRICS", value_name = "URL")]
    pub(crate) metrics: Option<String>,

    /// Seconds to wait for each answer
    #[arg(long, global = true, env = "ORDERCTL_TIMEOUT", value_name = "SECONDS", default_value_t = 10,
          value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) timeout: u64,

    /// Print JSON for programs: one document, or one a line where there is no end
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run everything here: a private Redis and the three services, with their data in ./data
    ///
    /// Settings come from ORDERFLOW_ variables and a .env file. ORDERFLOW_REDIS__URL names a Redis to use
    /// instead of a private one. ORDERFLOW_HTTP__LISTEN is order-api's address; metrics-service and
    /// order-processor take the next two ports. Ctrl-C stops everything.
    Up,
    #[command(flatten)]
    Other(commands::Command),
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

    #[test]
    fn options_of_all_commands_go_before_and_after_the_command() {
        for arguments in [
            ["orderctl", "--json", "--timeout", "3", "queue"],
            ["orderctl", "queue", "--timeout", "3", "--json"],
        ] {
            let cli = Cli::parse_from(arguments);
            assert!(cli.global.json && cli.global.timeout == 3, "{arguments:?}");
        }
    }

    /// Every line of the manual that calls orderctl, up to the next program.
    fn calls(manual: &str) -> Vec<&str> {
        let shell = manual.split("```sh").skip(1).filter_map(|block| block.split("```").next());
        let lines = shell.flat_map(str::lines).filter_map(|line| line.split(" #").next());
        let parts = lines.flat_map(|line| line.split(['|', '>', '(', ')']));
        parts.map(str::trim).filter(|part| part.starts_with("orderctl ")).collect()
    }

    #[test]
    fn what_the_manual_tells_people_to_type_is_understood() {
        let manual = include_str!("../../../docs/ORDERCTL.md");
        let readme = include_str!("../../../README.md");
        let examples = calls(manual);
        for call in examples.iter().chain(&calls(readme)) {
            let words = call.split_whitespace().map(|word| if word == "$ORDER" { "ORD-1" } else { word });
            // The folder of a backup ends where its date begins.
            if let Err(error) = Cli::try_parse_from(words) {
                panic!("{call}: {error}");
            }
        }
        for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
            let name = command.get_name();
            assert!(manual.contains(&format!("\n## {name}\n")), "{name} has no section");
            let has_example = examples.iter().any(|call| call.split_whitespace().nth(1) == Some(name));
            assert!(has_example, "{name} has no example");
        }
    }
}
