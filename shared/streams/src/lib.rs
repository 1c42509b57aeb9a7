//! The Redis protocol of Orderflow: every key, every script, every read.
//!
//! The services meet only here. All keys of a partition share a hash tag, `{p}`, and [`keys`] builds their names.
//!
//! | key | what | written by |
//! |---|---|---|
//! | `orderflow:{p}:queue` | stream of commands; group `order-processor` | publish, finish, promote |
//! | `orderflow:{p}:events` | stream of events; groups `order-api`, `metrics-service` | publish, announce, finish |
//! | `orderflow:{p}:dead` | stream of messages nobody can process, with reasons | finish, promote |
//! | `orderflow:{p}:delayed` | sorted set of commands by the millisecond they are due at | finish; emptied by promote |
//! | `orderflow:{p}:published` | hash: producer to the last sequence number it published | publish |
//! | `orderflow:{p}:epoch` | string that names the data set | publish |
//! | `orderflow:snapshot` | string: the newest metrics | metrics-service |
//!
//! # The way of a message
//!
//! 1. [`producer`]: order-api's relay sends its outbox in batches. Command and event are added together, once: the
//!    script skips what the producer's last sequence number covers.
//! 2. [`consumer`]: a worker is given commands through the group and holds them ([`in_hand`]). It [announces](announce)
//!    that it took them.
//! 3. [`reclaim`]: heartbeats keep what is in hand young; what nobody kept alive is taken over.
//! 4. [`finish`]: acknowledges, and only where that acknowledged something adds the outcome: an event, a retry in
//!    [`delayed`], a dead letter, a further command.
//! 5. [`delayed`]: a retry that is due goes back to the queue.
//! 6. [`events`]: order-api and metrics-service follow what happened, each through its group.
//! 7. [`janitor`]: trims what every group has acknowledged.
//!
//! Delivery is at least once, the effect once. At any time there is at most one live message for an order: in the queue
//! and not delivered, pending, or delayed. Each step above replaces it in one atomic script.
//!
//! # What a crash leaves, and who puts it right
//!
//! | what dies | what is left | what happens then |
//! |---|---|---|
//! | order-api before its relay's call | rows in the outbox | the relay sends them after the start |
//! | order-api, or the answer, after that call | rows in the outbox, messages in Redis | sent again and skipped: added once |
//! | a worker with messages in hand | they are pending under its name | the same instance reads them first; any other reclaims them |
//! | a worker that stalls and comes back | its message was reclaimed | both may finish; the script lets the first |
//! | the answer to a finish | the effects are in Redis | repeated, it answers false: already finished |
//! | the answer to a read, a reclaim | entries pending, unknown to the process | it reads its own pending list after any error and every 15 s |
//! | a worker between two promotions | nothing: each moves in one step | any other worker promotes |
//! | a consumer of events before it acknowledges | they are pending | delivered again, after a minute to any other instance; versions tell what was applied |
//! | Redis, with all it had | no groups | NOGROUP: whoever notices makes them again at id 0; the producer's [`Mark`] shows the loss |
//!
//! Commands fail fast and are sent once ([`connection`]); every script may be repeated.

pub mod announce;
pub mod connection;
pub mod consumer;
mod decode;
pub mod delayed;
pub mod entry;
pub mod error;
pub mod events;
pub mod finish;
pub mod groups;
pub mod in_hand;
pub mod janitor;
pub mod keys;
pub mod lag;
pub mod producer;
pub mod reclaim;
mod script;
pub mod snapshot;
pub mod status;

pub use connection::{Redis, RedisOptions};
pub use consumer::Subscription;
pub use entry::{Entry, EntryId};
pub use error::StreamError;
pub use events::{Delivered, EventReader};
pub use finish::{Effect, Finish, Finisher};
pub use in_hand::InHand;
pub use keys::{Keys, Stream};
pub use producer::{Mark, Outcome, Producer, Publication, Published};
pub use reclaim::Reclaimer;
pub use status::{QueueStatus, WorkerStatus, queue_status};
