//! What the services agree on: ids, money, the order's state machine, and the messages in the streams.
//! Pure: no I/O, no framework, no clock.

pub mod command;
pub mod envelope;
pub mod event;
pub mod ids;
pub mod money;
pub mod order;
pub mod order_id;
pub mod samples;
#[cfg(feature = "schema")]
mod schema;
pub mod snapshot;
pub mod status;
pub mod step;
pub mod timestamp;

pub use command::{Command, CommandData, CompensateOrder, ProcessOrder};
pub use envelope::{DecodeError, Envelope, Fields};
pub use event::{Event, EventData};
pub use ids::{ItemId, UserId};
pub use money::Money;
pub use order::{ItemIds, OrderContent};
pub use order_id::OrderId;
pub use snapshot::{MetricsSnapshot, StatusCounts};
pub use status::{EventKind, InvalidTransition, Status};
pub use step::{FailureReason, Step, StepOutcome, StepReport};
pub use timestamp::Timestamp;
