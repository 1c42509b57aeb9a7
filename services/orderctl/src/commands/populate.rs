//! `orderctl populate`: sample orders. order-api's own `populate` does it, because the sample customers and the catalogue go
//! into its database, which is nobody else's.

use std::process::Stdio;

use clap::Args;
use runtime::Service;
use serde::Serialize;

use super::{Context, program};
use crate::exit::Failure;

/// Add sample customers, a small catalogue, and sample orders
///
/// Runs `order-api populate` in this folder: the catalogue goes into the database of the order-api that runs here, the orders to
/// wherever --api says.
#[derive(Debug, Args)]
pub(crate) struct Populate {
    /// How many orders to place
    #[arg(long, short = 'n', default_value_t = 200)]
    orders: u32,
}

#[derive(Serialize)]
struct Populated {
    orders_placed: u32,
}

impl Populate {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let mut command = program::of(Service::OrderApi)?;
        command.args(["populate", "--orders", &self.orders.to_string(), "--url", context.client.order_api()]);
        if context.out.json {
            command.stdout(Stdio::null());
        }
        program::run(command, Service::OrderApi)?;
        if context.out.json {
            context.out.document(&Populated { orders_placed: self.orders })?;
        }
        Ok(())
    }
}
