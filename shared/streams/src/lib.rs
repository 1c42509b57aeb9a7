//! The Redis protocol of Orderflow: every key, every script, every read.
//!
//! The services meet only here. All keys of a partition share a hash tag, `{p}`, and [`keys`] builds their names.
//!
//! | key | what | written by |
//! |---|---|---|
//! | `orderflow:{p}:queue` | stream of commands; group `order-processor` | publish, finish, promote, redrive |
//! | `orderflow:{p}:events` | stream of events; groups `order-api`, `metrics-service` | publish, accept, finish, cancel |
//! | `orderflow:{p}:dead` | stream of messages nobody can process, with reasons | finish, promote |
//! | `orderflow:{p}:delayed` | sorted set of commands by the millisecond they are due at | finish; emptied by promote |
//! | `orderflow:{p}:live` | hash: an order to its one live message | publish, finish, promote, redrive |
//! | `orderflow:{p}:cancelled` | set of queue entries whose orders were cancelled | cancel; emptied by accept |
//! | `orderflow:{p}:published` | hash: producer to the last sequence number it published | publish; [`forget`](published::forget) |
//! | `orderflow:{p}:finished` | hash: worker to its last call of finish, and the answer | finish |
//! | `orderflow:{p}:epoch` | string that names the data set | publish |
//! | `orderflow:snapshot` | string: the newest metrics | metrics-service |
//!
//! # The way of a message
//!
//! 1. [`producer`]: order-api's relay sends its outbox in batches. Command and event are added together, once: the
//!    script skips what the producer's last sequence number covers, and an order that has a live message.
//! 2. [`consumer`]: a worker is given commands through the group and holds them ([`in_hand`]).
//! 3. [`accept`]: the worker asks which were cancelled before it had them ([`cancel`]), and says that it took the others.
//! 4. [`reclaim`]: heartbeats keep what is in hand young; what nobody kept alive is taken over.
//! 5. [`finish`]: acknowledges, and only where that acknowledged something adds the outcome: an event, a retry in
//!    [`delayed`], a [dead letter](dead), a further command.
//! 6. [`delayed`]: a retry that is due goes back to the queue.
//! 7. [`events`]: order-api and metrics-service follow what happened, each through its group.
//! 8. [`janitor`]: trims what every group has acknowledged, and removes consumers that are gone.
//!
//! Delivery is at least once, the effect once. At any time there is at most one live message for an order: in the queue
//! and not delivered, pending, or delayed. `live` says which; each step above replaces it in the atomic script that replaces
//! the message, and a message that is not the order's live one has no effect.
//!
//! # What a crash leaves, and who puts it right
//!
//! | what dies | what is left | what happens then |
//! |---|---|---|
//! | order-api before its relay's call | rows in the outbox | the relay sends them after the start |
//! | order-api, or the answer, after that call | rows in the outbox, messages in Redis | sent again and skipped: added once |
//! | a worker with messages in hand | they are pending under its name | the same instance reads them first; any other reclaims them |
//! | a worker that stalls and comes back | its message was reclaimed | both may finish; the script lets the first |
//! | the answer to a finish | the effects are in Redis | repeated under its name, it gives the answer that was lost |
//! | the answer to a read, a reclaim | entries pending, unknown to the process | it reads its own pending list after any error and every 15 s |
//! | a worker between two promotions | nothing: each moves in one step | any other worker promotes |
//! | order-api between a cancellation and its answer | the event is in the stream | it is applied; a repeat says that it is cancelled |
//! | a consumer of events before it acknowledges | they are pending | delivered again, after a minute to any other instance; versions tell what was applied |
//! | Redis, with its last moments | an earlier state, whole in itself | the producer's [`Mark`] shows the loss; order-api looks for orders that are [`absent`] and publishes them again |
//! | Redis, with all it had | no groups | NOGROUP: whoever notices makes them again at id 0; then as above |
//!
//! Commands fail fast and are sent once ([`connection`]); every script may be repeated.

pub mod absent;
pub mod accept;
pub mod cancel;
pub mod connection;
pub mod consumer;
pub mod dead;
mod decode;
pub mod delayed;
pub mod entry;
pub mod error;
pub mod events;
pub mod finish;
mod frame;
pub mod groups;
pub mod in_hand;
pub mod janitor;
pub mod keys;
pub mod lag;
mod pack;
pub mod producer;
pub mod progress;
pub mod published;
pub mod reclaim;
mod script;
pub mod snapshot;
pub mod status;

pub use accept::Accept;
pub use connection::{Redis, RedisOptions};
pub use consumer::Subscription;
pub use entry::{Entry, EntryId};
pub use error::StreamError;
pub use events::{Acknowledger, Delivered, EventReader};
pub use finish::{Call, Effect, Finish, Finisher};
pub use in_hand::InHand;
pub use keys::{Keys, Stream};
pub use producer::{Mark, Outcome, Producer, Publication, Published};
pub use progress::Progress;
pub use reclaim::Reclaimer;
pub use status::{QueueStatus, WorkerStatus, queue_status};
