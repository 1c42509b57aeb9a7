//! order-processor: takes orders from the queue in batches, runs each through the pipeline, and reports the outcome
//! once.
//!
//! # The way of an order through this service
//!
//! 1. `queue`: a taker reads commands through the consumer group, no more than there are free slots. What is no
//!    command goes to the dead letters. One call asks which messages of the batch are laid aside, cancelled or no longer their
//!    order's, and never worked on, and announces the others as `order.processing`.
//! 2. `pipeline`: each order runs through stock, payment and fulfilment. Steps that the ledger has as accepted are
//!    not called again.
//! 3. `outcome`: how the run ended decides what is reported: completed, failed, or another attempt later. A failure lists
//!    what has to be undone, because it was done outside or may have been.
//! 4. `ledger`: whatever has finished is written in one transaction, before anything is acknowledged.
//! 5. `finish`: one script acknowledges the batch and adds its outcomes, each only if nobody finished it before.
//!
//! order-api answers such a failure with a command to compensate. It goes the same way, but for the second step: `pipeline` undoes what the command lists. What can't
//! be undone now comes back later, however often, until `order.compensated` is reported.
//!
//! Beside that way, for each partition: heartbeats keep alive what is in hand, a reclaimer takes over what dead workers
//! left, a promoter moves delayed commands that are due back to the queue, a janitor trims the streams (all in `queue`). And for
//! all of them together: `retention` deletes what the ledger has of orders that ended long ago.
//!
//! # What a crash leaves
//!
//! | dies | what is left | what happens then |
//! |---|---|---|
//! | before the ledger's commit | the order is pending; a step may have been called | delivered again; the step is called again with the same idempotency key |
//! | after the commit, before the script | the order is pending; the ledger has its steps | delivered again; nothing is called, the steps are reported from the ledger |
//! | after the script, before its answer | nothing | |
//! | between `order.failed` and `order.compensated` | nothing here: `order.failed`, then order-api's command to compensate | the command is delivered like any other |
//!
//! Redis away: what is in hand is kept, and finished when it is back. The ledger's database away: orders wait in hand,
//! up to the bounds of the channels, and nothing more is taken.

pub mod app;
pub mod config;
pub mod entities;
mod finish;
mod ledger;
mod metrics;
pub mod migrations;
mod outage;
mod outcome;
mod pipeline;
mod queue;
mod retention;
mod text;
mod worker;

pub use app::App;
pub use config::Config;
