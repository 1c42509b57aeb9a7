//! The subcommands that order-api has beside those of every service.

use clap::{Args, Subcommand};

#[derive(Clone, Debug, Subcommand)]
pub enum Extra {
    /// Print the OpenAPI document; needs no database and no Redis
    Openapi,
    /// Add sample customers and a small catalogue, and post orders to a running order-api
    Populate(Populate),
}

#[derive(Clone, Debug, Args)]
pub struct Populate {
    /// How many orders to post
    #[arg(long, default_value_t = 200)]
    pub orders: u32,
    /// Where order-api is; without it, on this host at its configured address
    #[arg(long)]
    pub url: Option<String>,
}
