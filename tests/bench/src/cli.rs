//! The command line.

use std::{fmt, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

#[derive(Debug, Parser)]
#[command(
    about = "Measures Orderflow beside the limits of this machine",
    args_conflicts_with_subcommands = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) settings: Settings,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Settings {
    /// How often everything is measured, one after the other; the result is the median
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,
    /// How long each load lasts
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) seconds: u64,
    /// How long everything at once must keep up
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) sustain_seconds: u64,
    /// Orders that wait when draining begins, in thousands
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    pub(crate) backlog_thousands: u64,
    /// Only this part, with the limits that it is compared with; may be repeated
    #[arg(long, value_enum)]
    pub(crate) only: Vec<Part>,
    /// A setting for the services in all measurements, such as ORDERFLOW_PROCESSOR__CONCURRENCY=64; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    pub(crate) set: Vec<(String, String)>,
    /// Where the results go as JSON
    #[arg(long, value_name = "FILE", default_value = "bench.json")]
    pub(crate) json: PathBuf,
}

/// What can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Durable POST
    Intake,
    /// A backlog, through each service alone
    Drain,
    /// From POST to completed, and everything at once
    EndToEnd,
    /// What this machine can do at all
    Limits,
    /// The same with a thousand orders in the databases and with a million; takes as long as all other parts together
    Growth,
    /// Beside BullMQ and apalis; only when it is asked for, since they have to be built first: `make bench-peers`
    Peers,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// One of the servers that Orderflow is compared with
    #[command(hide = true)]
    Serve(Serve),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Serve {
    #[arg(value_enum)]
    pub(crate) server: Server,
    /// Address and port to listen on
    #[arg(long)]
    pub(crate) listen: String,
    /// sqlite://path, for the server that has a database
    #[arg(long, default_value = "")]
    pub(crate) database: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Server {
    /// A bare poem-openapi echo behind the accept loop that the services have
    Echo,
    /// The same behind poem's own server
    EchoPoem,
    /// The same with all that surrounds a request in the services
    EchoEdge,
    /// A durable POST with one transaction for each request
    EachTransaction,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Echo => "echo",
            Self::EchoPoem => "echo-poem",
            Self::EchoEdge => "echo-edge",
            Self::EachTransaction => "each-transaction",
        })
    }
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if name.starts_with("ORDERFLOW_") => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected ORDERFLOW_NAME=VALUE".to_owned()),
    }
}
