//! JSON bodies, read and written without a detour. Bytes are parsed straight into the handler's own type,
//! which names the field that is wrong; answers are serialised straight from theirs, or sent as bytes that
//! were serialised before. Neither passes through a tree of values, where digits of money would be lost.

mod answer;
mod body;
mod parse;

pub use answer::JsonAnswer;
pub use body::{FromJsonBody, JsonBody};
pub use parse::parse;
