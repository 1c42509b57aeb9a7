//! The HTTP edge, the same for every service: from the socket to the handler and back.
//!
//! [`server`] accepts connections within bounds; [`Site`] puts the service's API, its pages and the health
//! routes behind one `edge`, which gives each request its id and its span, bounds its time and size, turns
//! every refusal into an RFC 9457 problem, and counts it. Handlers parse bodies by [`json`] and describe them
//! by [`schema`].
//!
//! A panic in a handler is a 500 to one client; a crash of the process loses only what was never answered.

mod context;
mod docs;
mod document;
mod edge;
pub mod health;
pub mod json;
mod observe;
pub mod problem;
mod refusal;
mod refused;
mod request_id;
mod routes;
pub mod schema;
pub mod server;
mod site;

pub use context::{BodyLimits, request_id};
pub use document::document;
pub use health::Readiness;
pub use json::{FromJsonBody, JsonAnswer, JsonBody};
pub use problem::{FieldError, Problem, ProblemJson, ProblemSchema};
pub use refused::{Refusals, Refused};
pub use server::{bind, serve};
pub use site::Site;
